"""Pending impressions: a decision's contacts keep room for them until they come or it is too late."""

from collections.abc import Callable, Sequence

import msgspec
import numpy as np
from numba import njit
from numpy.typing import NDArray

from rules.contact import DECISION_KIND, IMPRESSION_KIND, ContactHistory, kind_key
from rules.duration import parse_duration
from rules.ids import Instant
from rules.workspace import ContactPolicy


class Reservations(msgspec.Struct, frozen=True, eq=False):
    """The entries of a contact policy that count impressions.

    `columns` are their numbers among the countings of a tally, `spans` how long each waits for an impression (ms), and
    `channels` (entries × 256) on which.
    """

    columns: NDArray[np.int64]
    spans: NDArray[np.int64]
    channels: NDArray[np.bool_]

    @classmethod
    def of(cls, entries: Sequence[tuple[int, ContactPolicy]], channels: NDArray[np.bool_]) -> "Reservations":
        """Entries with their numbers among countings, each of which has its row of channels."""
        columns = np.array([column for column, _ in entries], np.int64)
        spans = [parse_duration(entry.waits) for _, entry in entries if entry.waits is not None]
        return cls(columns, np.array(spans, np.int64), channels[columns])

    def add(
        self,
        history: ContactHistory,
        now: Instant,
        latest: Instant,
        keys: NDArray[np.uint64],
        places: NDArray[np.int32],
        counts: NDArray[np.int32],
    ) -> None:
        """Add the pending impressions to counts; see `ContactTally` for the rest."""
        _add(history, now, latest, keys, places, self.columns, self.spans, self.channels, counts)


_DECISION, _IMPRESSION = kind_key(DECISION_KIND), kind_key(IMPRESSION_KIND)


def _is_seen(decided: int, history: ContactHistory, impressions: NDArray[np.int64]) -> bool:
    contact = history[decided]
    for at in impressions:
        other = history[at]
        if other.tag == contact.tag and other.offer == contact.offer and other.rank == contact.rank:
            return True
    return False


_seen = njit(cache=True, nogil=True)(_is_seen)


# A pending impression counts as one of this moment, whenever it was decided, for that is when it may come. So no window
# ever holds more than an entry allows: of the impressions in it take the one decided last; when it was decided, each of
# the others had come, within a window that began no later, or was pending. Two decisions that show the same
# offer at the same rank have the same tag once in 65,535 times, and only then one's impression stands for both.


def _add_pending(
    history: ContactHistory,
    now: int,
    latest: int,
    keys: NDArray[np.uint64],
    places: NDArray[np.int32],
    columns: NDArray[np.int64],
    spans: NDArray[np.int64],
    channels: NDArray[np.bool_],
    counts: NDArray[np.int32],
) -> None:
    earliest = now - spans.max()
    impressions = np.empty(0, np.int64)
    sought = False
    for at in range(len(history)):
        contact = history[at]
        if contact.kind != _DECISION or contact.at <= earliest or contact.at > latest:
            continue
        if not sought:
            impressions, sought = np.flatnonzero(history["kind"] == _IMPRESSION), True
        if _seen(at, history, impressions):
            continue
        row = np.searchsorted(keys, contact.offer)
        if row < len(keys) and keys[row] != contact.offer:
            row = len(keys)
        for index in range(len(columns)):
            place = places[row, columns[index]]
            if contact.at > now - spans[index] and channels[index, contact.channel] and place >= 0:
                counts[place] += 1


_add: Callable[..., None] = njit(cache=True, nogil=True)(_add_pending)
