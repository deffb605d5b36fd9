"""Contact histories seen from a catalogue: which row of the offers each contact is about."""

from collections.abc import Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from rules.contact import ContactHistory, kind_key, offer_key
from rules.ids import Duration, Instant
from rules.offer import Column, OfferTable
from rules.workspace import CHANNELS, Channel

OVERTAKEN = Duration(60_000)
"""How far after `now` a contact still counts: another worker may have made it while this request waited."""


class ContactIndex(msgspec.Struct, frozen=True, eq=False):
    """The offers' keys in ascending order with their rows, and the offers' columns to count by."""

    keys: NDArray[np.uint64]
    order: NDArray[np.intp]
    columns: Mapping[str, Column]

    @classmethod
    def of(cls, offers: OfferTable) -> "ContactIndex":
        """The index of a table of offers."""
        keys = np.array([offer_key(id) for id in offers.ids], np.uint64)
        order = np.argsort(keys, kind="stable")
        return cls(keys[order], order, offers.columns)

    def rows(self, history: ContactHistory) -> NDArray[np.intp]:
        """The offers' row of each contact, -1 where the offer is not in the catalogue."""
        if not len(self.keys):
            return np.full(len(history), -1, np.intp)
        wanted = history["offer"]
        found = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        return np.where(self.keys[found] == wanted, self.order[found], -1)


class ContactWindow(msgspec.Struct, frozen=True):
    """Which contacts are counted: a kind, on a set of channels, within a rolling window."""

    kind: int
    within: Duration
    channels: NDArray[np.bool_] | None

    @classmethod
    def of(cls, count: str, within: Duration, channels: tuple[Channel, ...]) -> "ContactWindow":
        """The window over contacts of kind `count` on some channels."""
        mask = None
        if set(channels) != set(CHANNELS):
            mask = np.zeros(256, np.bool_)
            mask[[CHANNELS.index(channel) for channel in channels]] = True
        return cls(kind_key(count), within, mask)

    def select(self, history: ContactHistory, now: Instant) -> NDArray[np.bool_]:
        """The contacts that count: later than `now - within`, and not later than a moment after now."""
        at = history["at"]
        counted: NDArray[np.bool_] = (history["kind"] == self.kind) & (at > now - self.within) & (at <= now + OVERTAKEN)
        if self.channels is not None:
            counted &= self.channels[history["channel"]]
        return counted
