"""Contacts counted: one pass over a history for all that a placement's facts and contact policy want to know of it."""

from collections.abc import Callable, Sequence
from typing import cast

import msgspec
import numpy as np
from numba import njit
from numpy.typing import NDArray

from rules.array_block import CHECKSUM, Block, pack, part
from rules.contact import ContactHistory, kind_key, offer_key
from rules.contact_reservation import Reservations
from rules.contact_spell import NEVER, Spells, SpellStates
from rules.contact_standing import Standing
from rules.duration import parse_duration
from rules.ids import Duration, Instant
from rules.offer import OfferTable
from rules.workspace import CHANNELS, ContactPolicy, Counter

Counts = NDArray[np.int32]
"""How many contacts count, by place: each counter and each entry of the contact policy has a stretch of places."""

OVERTAKEN = Duration(60_000)
"""How far after `now` a contact still counts: another worker may have made it while this request waited."""


class ContactTally(msgspec.Struct, frozen=True, eq=False):
    """What is counted, bound to a table of offers.

    `keys` are the offers' keys, ascending. `places` (offers + 1 × countings, in the order of the keys, then a row for
    contacts with offers that are gone) is where a contact counts, -1 for nowhere. `kinds`, `spans` (ms) and `channels`
    (countings × 256) tell which contacts count at all. `stretches` are each counting's own places: one per value of the
    attribute counted by, in the order of its words, or one alone; `size` is how many places there are in all. `block`
    has the first five once more, for the kernel.
    `spells` are the countings that have more to follow than a window, and `reservations` those that keep room for what
    may come; None where there are none of them.
    """

    keys: NDArray[np.uint64]
    places: NDArray[np.int32]
    kinds: NDArray[np.uint32]
    spans: NDArray[np.int64]
    channels: NDArray[np.bool_]
    stretches: tuple[slice, ...]
    size: int
    block: Block
    spells: Spells | None
    reservations: Reservations | None

    @classmethod
    def of(cls, countings: Sequence[Counter | ContactPolicy], offers: OfferTable) -> "ContactTally":
        """A tally of so many countings; their stretches follow each other in the same order."""
        keys = np.array([offer_key(id) for id in offers.ids], np.uint64)
        order = np.argsort(keys, kind="stable")
        places = np.full((len(offers) + 1, len(countings)), -1, np.int32)
        channels = np.zeros((len(countings), 256), np.bool_)
        stretches: list[slice] = []
        size = 0
        for index, counting in enumerate(countings):
            width = 1
            if counting.per is None:
                places[:, index] = size
            else:
                column = offers.columns[counting.per]
                width = len(column.words)
                places[:-1, index] = np.where(column.present, size + column.data, -1)[order]
            stretches.append(slice(size, size + width))
            size += width
            named = [CHANNELS.index(channel) for channel in counting.channels]
            channels[index, named if set(counting.channels) != set(CHANNELS) else slice(None)] = True
        spans = np.array([parse_duration(counting.within) for counting in countings], np.int64)
        kinds = np.array([kind_key(counting.count) for counting in countings], np.uint32)
        entries = [(index, entry) for index, entry in enumerate(countings) if isinstance(entry, ContactPolicy)]
        remembering = [(index, entry) for index, entry in entries if entry.remembers]
        waiting = [(index, entry) for index, entry in entries if entry.waits is not None]
        reservations = Reservations.of(waiting, channels) if waiting else None
        spells = Spells.of(remembering, stretches, channels) if remembering else None
        # What is followed anyway need not be looked up by the pass for windows alone.
        channels[[index for index, _ in remembering]] = False
        block = pack((keys[order], places, kinds, spans, channels))
        return cls(keys[order], places, kinds, spans, channels, tuple(stretches), size, block, spells, reservations)

    def count(self, history: ContactHistory, now: Instant) -> Counts:
        """How many contacts count at each place: later than `now - within`, and not later than a moment after now.

        Where a value rests they are as many as its entry allows. A pending impression counts, too.
        """
        counts = np.zeros(self.size, np.int32)
        _count(history, now, self.block, counts)
        if self.spells is not None:
            states = self._spell_states(self.spells, history, now)
            for column, stretch in self.spells.stretches.items():
                counts[self.stretches[column]] = states.counts[stretch]
        self._add_pending(history, now, counts)
        return counts

    def standings(self, history: ContactHistory, now: Instant) -> "Standings":
        """The same with what is behind it, for an explanation."""
        states = None if self.spells is None else self._spell_states(self.spells, history, now)
        pending = np.zeros(self.size, np.int32)
        self._add_pending(history, now, pending)
        return Standings(self, self.count(history, now), pending, states, now)

    def _add_pending(self, history: ContactHistory, now: Instant, counts: Counts) -> None:
        if self.reservations is not None:
            self.reservations.add(history, now, Instant(now + OVERTAKEN), self.keys, self.places, counts)

    def _spell_states(self, spells: Spells, history: ContactHistory, now: Instant) -> SpellStates:
        return spells.states(history, now, Instant(now + OVERTAKEN), self.keys, self.places)


class Standings(msgspec.Struct, frozen=True, eq=False):
    """Where all countings of a tally stand at a moment; of its counts so many are `pending`."""

    tally: ContactTally
    counts: Counts
    pending: Counts
    states: SpellStates | None
    now: Instant

    def of(self, column: int, place: int) -> Standing:
        """Where the counting at `column` stands at one place of its stretch; below zero nothing counts."""
        if place < 0:
            return Standing(0)
        stretch = self.tally.stretches[column]
        count, pending = int(self.counts[stretch][place]), int(self.pending[stretch][place])
        own = None if self.tally.spells is None else self.tally.spells.stretches.get(column)
        if self.states is None or own is None:
            return Standing(count, pending=pending)
        rests, response = Instant(int(self.states.rests[own][place])), Instant(int(self.states.responses[own][place]))
        rests_until = rests if self.now < rests else None
        return Standing(count, rests_until, None if response == NEVER else response, pending)


def _counter(block_file: int) -> Callable[..., None]:
    """The kernel, compiled anew when the number that stands for the file of blocks is another."""

    def count(history: ContactHistory, now: int, tally: Block, counts: Counts) -> None:
        """Add the contacts of a history to the counts of the places where they count."""
        assert block_file
        keys, places = part(tally, 0, np.uint64), part(tally, 1, np.int32)
        kinds, spans, channels = part(tally, 2, np.uint32), part(tally, 3, np.int64), part(tally, 4, np.bool_)
        countings = len(kinds)
        for at in range(len(history)):
            contact = history[at]
            if contact.at > now + OVERTAKEN:
                continue
            row = -1
            for index in range(countings):
                counts_here = contact.kind == kinds[index] and contact.at > now - spans[index]
                if not counts_here or not channels[256 * index + contact.channel]:
                    continue
                if row < 0:
                    # Looked up once, and only for a contact that counts.
                    row = np.searchsorted(keys, contact.offer)
                    if row < len(keys) and keys[row] != contact.offer:
                        row = len(keys)
                place = places[row * countings + index]
                if place >= 0:
                    counts[place] += 1

    return cast(Callable[..., None], njit(cache=True, nogil=True)(count))


_count = _counter(CHECKSUM)
