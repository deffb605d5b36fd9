"""What came of the decisions of each policy on each channel."""

import msgspec
import numpy as np

RANDOM, COLD, TRAINED, CONSTANT = "random choice", "cold start", "trained model", "best constant"
POLICIES: tuple[str, ...] = (RANDOM, COLD, CONSTANT, TRAINED)


class Entry(msgspec.Struct, frozen=True):
    """One decision: seconds it took, whether an offer was accepted, and what the world expected of it.

    `chance` is the probability that an offer is accepted, `value` the expected margin in euro.
    """

    seconds: float
    accepted: bool
    chance: float
    value: float


class Standing(msgspec.Struct, frozen=True):
    """A policy on a channel: decisions, latency in milliseconds, rates and euro per decision.

    `accepted` is the share that was accepted in the simulation; `chance` and `value` are expectations under the world's
    truth for the slates that were shown, which spares them the luck of single answers; `error` is the standard error of
    `value`. Latency and `accepted` are NaN where the service was not asked.
    """

    decisions: int
    median_ms: float
    p99_ms: float
    accepted: float
    chance: float
    value: float
    error: float


class Ledger:
    """Entries by channel and policy, and decisions the service had to make with parts missing."""

    def __init__(self) -> None:
        self._entries: dict[tuple[int, str], list[Entry]] = {}
        self.degraded: dict[str, int] = {}

    def add(self, channel: int, policy: str, entry: Entry) -> None:
        """Enter one decision."""
        self._entries.setdefault((channel, policy), []).append(entry)

    def degrade(self, parts: tuple[str, ...]) -> None:
        """Count what a decision had to do without."""
        for part in parts:
            self.degraded[part] = self.degraded.get(part, 0) + 1

    def standing(self, channel: int, policy: str) -> Standing:
        """How a policy did on a channel where it made decisions."""
        entries = self._entries[channel, policy]
        milliseconds = np.array([entry.seconds for entry in entries]) * 1000.0
        value = np.array([entry.value for entry in entries])
        return Standing(
            decisions=len(entries),
            median_ms=float(np.median(milliseconds)),
            p99_ms=float(np.quantile(milliseconds, 0.99)),
            accepted=float(np.mean([entry.accepted for entry in entries])),
            chance=float(np.mean([entry.chance for entry in entries])),
            value=float(value.mean()),
            error=float(value.std() / np.sqrt(len(value))),
        )
