"""What `concierge simulate --json` writes, as far as it is about value; and what the world then says."""

import msgspec
import numpy as np

from loadtest.hotel.ledger import Entry, Ledger


class Support(msgspec.Struct, frozen=True):
    """Why the log cannot tell the value; empty where it can."""

    refusal: str = ""


class Foreseen(msgspec.Struct, frozen=True):
    """The gain of a change per decision, on all channels or on one; None where it cannot be told."""

    channel: str
    decisions: int
    gain: float | None
    low: float | None
    high: float | None
    support: Support


class Changed(msgspec.Struct, frozen=True):
    """How many decisions of a placement come out otherwise."""

    placement: str
    decisions: int
    otherwise: int


class Simulated(msgspec.Struct, frozen=True):
    """One simulation."""

    worths: tuple[Foreseen, ...]
    placements: tuple[Changed, ...]

    @property
    def whole(self) -> Foreseen | None:
        """The gain on all channels together."""
        return next((one for one in self.worths if one.channel == "all"), None)

    @property
    def otherwise(self) -> float:
        """The share of decisions that come out otherwise."""
        return sum(one.otherwise for one in self.placements) / max(sum(one.decisions for one in self.placements), 1)


class VisitLedger(Ledger):
    """A ledger that keeps the last entry in sight."""

    def __init__(self) -> None:
        super().__init__()
        self.last: Entry | None = None

    def add(self, channel: int, policy: str, entry: Entry) -> None:
        """Enter one decision."""
        super().add(channel, policy, entry)
        self.last = entry


class Truth(msgspec.Struct, frozen=True):
    """What a change brought per decision by the world's own expectation, with its standard error, paired by visit."""

    before: float
    gain: float
    error: float

    @classmethod
    def of(cls, before: dict[int, float], after: dict[int, float]) -> "Truth":
        """From what the world expects of each visit's slate without the change and with it."""
        visits = sorted(before.keys() & after.keys())
        base = np.array([before[visit] for visit in visits])
        gains = np.array([after[visit] for visit in visits]) - base
        return cls(float(base.mean()), float(gains.mean()), float(gains.std(ddof=1) / np.sqrt(len(gains))))


class Pair(msgspec.Struct, frozen=True):
    """A change as it was foreseen and as it came."""

    name: str
    simulated: Simulated
    truth: Truth

    @property
    def held(self) -> bool | None:
        """Whether the truth lies in the interval, widened by two of its own errors; None where none was told."""
        seen = self.simulated.whole
        if seen is None or seen.low is None or seen.high is None:
            return None
        return seen.low - 2 * self.truth.error <= self.truth.gain <= seen.high + 2 * self.truth.error
