"""Spells of contacts: those about one value since its latest response, and the rest that they end in."""

from collections.abc import Callable, Mapping, Sequence

import msgspec
import numpy as np
from numba import njit
from numpy.typing import NDArray

from rules.contact import ContactHistory, kind_key
from rules.duration import parse_duration
from rules.ids import Instant
from rules.workspace import ContactPolicy

Longs = NDArray[np.int64]
_Found = tuple[NDArray[np.int32], Longs, Longs]

NEVER = Instant(np.iinfo(np.int64).min)
"""A moment that was not."""

PLENTY = np.iinfo(np.int32).max
"""More contacts than any history holds."""

_ENTRY = np.dtype(
    [
        ("column", np.int64),
        ("first", np.int64),
        ("end", np.int64),
        ("shift", np.int64),
        ("kind", np.uint32),
        ("most", np.int32),
        ("span", np.int64),
        ("rest", np.int64),
        ("stop", np.int64),
    ],
    align=True,
)
"""One entry: its column among the countings, its stretch of places and what leads there from the tally's, what it
counts, how many are all it allows, in which span (ms), the rest (ms, 0 for none), and where its responses end."""


class SpellStates(msgspec.Struct, frozen=True, eq=False):
    """Where spells stand, by place: how many contacts count, until when the value rests, and its latest response.

    A value that rests has counted all that its entry allows. Moments that were not are `NEVER`.
    """

    counts: NDArray[np.int32]
    rests: Longs
    responses: Longs


class Spells(msgspec.Struct, frozen=True, eq=False):
    """The entries of a contact policy that responses clear, or that a rest follows.

    `stretches` are each entry's own places, by its number among the countings of a tally. `entries` has a row of
    `_ENTRY` for each, `channels` (entries × 256) tells on which contacts count, and `responses` has the kinds of each
    entry's, one after another. `size` is how many places there are.
    """

    stretches: Mapping[int, slice]
    entries: NDArray[np.void]
    channels: NDArray[np.bool_]
    responses: NDArray[np.uint32]
    size: int

    @classmethod
    def of(
        cls, entries: Sequence[tuple[int, ContactPolicy]], stretches: Sequence[slice], channels: NDArray[np.bool_]
    ) -> "Spells":
        """Entries with their numbers among countings, of which each has its stretch of places and row of channels."""
        rows, own = [], dict[int, slice]()
        size = 0
        responses: list[int] = []
        for column, entry in entries:
            first, size = size, size + stretches[column].stop - stretches[column].start
            own[column] = slice(first, size)
            responses += [kind_key(kind) for kind in entry.unless]
            rows.append(
                (
                    column,
                    first,
                    size,
                    first - stretches[column].start,
                    kind_key(entry.count),
                    min(entry.at_most, PLENTY),
                    parse_duration(entry.within),
                    0 if entry.rest is None else parse_duration(entry.rest),
                    len(responses),
                )
            )
        return cls(own, np.array(rows, _ENTRY), channels[list(own)], np.array(responses, np.uint32), size)

    def states(
        self,
        history: ContactHistory,
        now: Instant,
        latest: Instant,
        keys: NDArray[np.uint64],
        places: NDArray[np.int32],
    ) -> SpellStates:
        """What a history tells at a moment, in any order and without contacts after `latest`; see `ContactTally`."""
        told = _follow(history, now, latest, keys, places, self.entries, self.channels, self.responses, self.size)
        return SpellStates(*told)


def _order_of_time(history: ContactHistory) -> Longs:
    """The contacts' indices in the order of time; which of those of one moment comes first makes no difference."""
    for at in range(1, len(history)):
        if history[at].at < history[at - 1].at:
            return np.argsort(history["at"])
    return np.arange(len(history))


def _row_of_key(key: int, keys: NDArray[np.uint64]) -> int:
    row = np.searchsorted(keys, key)
    return len(keys) if row < len(keys) and keys[row] != key else int(row)


def _is_among(kind: int, kinds: NDArray[np.uint32]) -> bool:
    found = False
    for each in kinds:
        found |= each == kind
    return found


def _join_queue(
    contact: int, place: int, heads: Longs, tails: Longs, following: Longs, counts: NDArray[np.int32]
) -> None:
    if counts[place] == 0:
        heads[place] = contact
    else:
        following[tails[place]] = contact
    tails[place] = contact
    counts[place] += 1


def _drop_until(
    moment: int, place: int, history: ContactHistory, heads: Longs, following: Longs, counts: NDArray[np.int32]
) -> None:
    while counts[place] > 0 and history[heads[place]].at <= moment:
        heads[place] = following[heads[place]]
        counts[place] -= 1


_by_time = njit(cache=True, nogil=True)(_order_of_time)
_row = njit(cache=True, nogil=True)(_row_of_key)
_among = njit(cache=True, nogil=True)(_is_among)
_join = njit(cache=True, nogil=True)(_join_queue)
_drop = njit(cache=True, nogil=True)(_drop_until)


# One pass for each entry, in the order of time. The contacts of a place that lie within the span are a queue, in which
# `following` leads from each to the one that joined next. A response empties it, and so does the contact that fills it,
# with which a rest begins.


def _follow_contacts(
    history: ContactHistory,
    now: int,
    latest: int,
    keys: NDArray[np.uint64],
    places: NDArray[np.int32],
    entries: NDArray[np.void],
    channels: NDArray[np.bool_],
    responses: NDArray[np.uint32],
    size: int,
) -> _Found:
    order, rows, following = _by_time(history), np.full(len(history), -1), np.empty(len(history), np.int64)
    heads, tails, counts = np.empty(size, np.int64), np.empty(size, np.int64), np.zeros(size, np.int32)
    rests, answered = np.full(size, NEVER), np.full(size, NEVER)
    begin = 0
    for index in range(len(entries)):
        entry = entries[index]
        answering = responses[begin : entry.stop]
        for at in order:
            contact = history[at]
            if contact.at > latest:
                break
            answers = _among(contact.kind, answering)
            if not answers and not (contact.kind == entry.kind and channels[index, contact.channel]):
                continue
            if rows[at] < 0:
                rows[at] = _row(contact.offer, keys)
            place = places[rows[at], entry.column] + entry.shift
            if place < entry.first:
                continue
            if answers:
                answered[place], rests[place], counts[place] = contact.at, NEVER, 0
            elif contact.at > answered[place]:
                # A contact of the next moments, made by a clock that is ahead, is taken to be made now.
                moment = min(contact.at, now)
                _drop(moment - entry.span, place, history, heads, following, counts)
                _join(at, place, heads, tails, following, counts)
                if entry.rest > 0 and counts[place] >= entry.most:
                    rests[place], counts[place] = moment + entry.rest, 0
        for place in range(entry.first, entry.end):
            _drop(now - entry.span, place, history, heads, following, counts)
            if now < rests[place]:
                counts[place] = entry.most
        begin = entry.stop
    return counts, rests, answered


_follow: Callable[..., _Found] = njit(cache=True, nogil=True)(_follow_contacts)
