"""The contact policy of one placement: how often each candidate may still be contacted."""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from rules.contact import ContactHistory
from rules.contact_index import ContactIndex, ContactWindow
from rules.duration import parse_duration
from rules.ids import Instant
from rules.workspace import Channel, ContactPolicy


class BoundPolicy(msgspec.Struct, frozen=True, eq=False):
    """One entry with what it needs at decision time.

    `codes` is the counted value of every offer of the catalogue (-1 where absent), `candidates` the same of the
    placement's candidates, `values` how many values there are; all empty when offers count together.
    """

    entry: ContactPolicy
    window: ContactWindow
    codes: NDArray[np.int32] | None
    candidates: NDArray[np.int32]
    values: int

    def used(self, history: ContactHistory, rows: NDArray[np.intp], now: Instant) -> NDArray[np.int64] | int:
        """How many contacts count: per value code, or one number when offers count together."""
        counted = self.window.select(history, now)
        if self.codes is None:
            return int(np.count_nonzero(counted))
        about = self.codes[rows[counted & (rows >= 0)]]
        return np.bincount(about[about >= 0], minlength=self.values)


class PolicyBook(msgspec.Struct, frozen=True, eq=False):
    """The entries that restrict one placement, in the workspace's order."""

    policies: tuple[BoundPolicy, ...]
    index: ContactIndex

    @classmethod
    def of(
        cls, entries: Sequence[ContactPolicy], channel: Channel, index: ContactIndex, candidates: NDArray[np.intp]
    ) -> "PolicyBook":
        """The entries for a channel, bound to the offers of the index and the candidate rows among them."""
        return cls(tuple(_bind(entry, index, candidates) for entry in entries if channel in entry.channels), index)

    def blocks(self, history: ContactHistory | None, now: Instant) -> list[tuple[int, NDArray[np.bool_] | bool]]:
        """The entries that block something, in order: the entry's index and the candidates it blocks (True for all).

        With an unknown history an entry blocks every candidate that it counts, for it may be used up.
        """
        if history is None:
            return [
                (index, True if policy.codes is None else policy.candidates >= 0)
                for index, policy in enumerate(self.policies)
            ]
        if not self.policies or not len(history):
            return []
        rows = self.index.rows(history)
        blocked: list[tuple[int, NDArray[np.bool_] | bool]] = []
        for index, policy in enumerate(self.policies):
            used = policy.used(history, rows, now)
            if isinstance(used, int):
                if used >= policy.entry.at_most:
                    blocked.append((index, True))
                continue
            full = used >= policy.entry.at_most
            if full.any():
                # Code -1 (the offer lacks the attribute) reads the last place, which is never full.
                blocked.append((index, np.append(full, np.False_)[policy.candidates]))
        return blocked

    def count(self, index: int, candidate: int, history: ContactHistory, now: Instant) -> int:
        """How many contacts an entry counts against one candidate."""
        policy = self.policies[index]
        used = policy.used(history, self.index.rows(history), now)
        if isinstance(used, int):
            return used
        code = int(policy.candidates[candidate])
        return int(used[code]) if code >= 0 else 0


def _bind(entry: ContactPolicy, index: ContactIndex, candidates: NDArray[np.intp]) -> BoundPolicy:
    window = ContactWindow.of(entry.count, parse_duration(entry.within), entry.channels)
    if entry.per is None:
        return BoundPolicy(entry, window, None, np.empty(0, np.int32), 0)
    column = index.columns[entry.per]
    codes = np.where(column.present, column.data, -1).astype(np.int32)
    return BoundPolicy(entry, window, codes, codes[candidates], len(column.words))
