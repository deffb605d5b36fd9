"""Volume limits bound to a catalogue: the places where units are counted, and the offers that count towards each."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from rules.offer import OfferTable
from rules.workspace import CHANNELS, Channel, VolumeLimit

Codes = NDArray[np.int32]
Mask = NDArray[np.bool_]


class VolumePlace(msgspec.Struct, frozen=True):
    """Where units are counted: of one limit, for one value of what it counts by, on one channel.

    `value` is None where all its offers count together, `channel` where all its channels do, and `most` where there is
    only a least. All but `most` stays the same in another catalogue version.
    """

    limit: VolumeLimit
    channel: Channel | None
    value: str | None
    most: int | None

    @property
    def name(self) -> str:
        """What it counts, for a person: its value, or the limit itself."""
        return self.limit.id if self.value is None else self.value


class BoundVolumes(msgspec.Struct, frozen=True, eq=False):
    """The places that the candidates of one placement count towards.

    `codes` (limits × candidates) are numbers of places, -1 where a limit does not count a candidate; those of one row
    lie between the row's `first` and `first + width`. `limited` tells which rows have a most, `own` their places.
    """

    places: tuple[VolumePlace, ...]
    codes: Codes
    first: tuple[int, ...]
    width: tuple[int, ...]
    limited: Mask
    own: frozenset[int]

    def units(self, candidates: Sequence[int]) -> dict[int, int]:
        """How many units a slate of these candidates takes of each place that has a most."""
        taken: dict[int, int] = {}
        if self.own:
            for place in self.codes[self.limited][:, list(candidates)].ravel().tolist():
                if place >= 0:
                    taken[place] = taken.get(place, 0) + 1
        return taken

    def row_of(self, place: int) -> int:
        """The row of `codes` that a place is in."""
        return next(
            row
            for row, (first, width) in enumerate(zip(self.first, self.width, strict=True))
            if first <= place < first + width
        )


class VolumeBook(msgspec.Struct, frozen=True, eq=False):
    """All places of a catalogue: limit by limit, channel by channel, and by the values of what is counted by.

    `rows` has, for each channel, the limits that hold there: their first place, how many they have, and the place of
    every offer of the catalogue.
    """

    places: tuple[VolumePlace, ...]
    rows: Mapping[Channel, tuple[tuple[int, int, Codes], ...]]

    @classmethod
    def of(cls, limits: Sequence[VolumeLimit], covered: Sequence[Mask], offers: OfferTable) -> "VolumeBook":
        """The places of limits, each with the offers that its selector takes."""
        places: list[VolumePlace] = []
        rows: dict[Channel, list[tuple[int, int, Codes]]] = {channel: [] for channel in CHANNELS}
        for limit, taken in zip(limits, covered, strict=True):
            values, codes = _values(limit, taken, offers)
            most = _most(limit, codes, offers)
            groups: list[tuple[Channel, ...]] = (
                [limit.channels] if limit.together else [(one,) for one in limit.channels]
            )
            for channels in groups:
                placed = np.where(codes >= 0, codes + len(places), -1).astype(np.int32)
                for channel in channels:
                    rows[channel].append((len(places), len(values), placed))
                only = None if limit.together else channels[0]
                places += [VolumePlace(limit, only, value, each) for value, each in zip(values, most, strict=True)]
        return cls(tuple(places), {channel: tuple(each) for channel, each in rows.items()})

    def on(self, channel: Channel, rows: NDArray[np.intp]) -> BoundVolumes:
        """What holds on a channel for the offers of these rows."""
        held = [(first, width, codes[rows]) for first, width, codes in self.rows[channel]]
        held = [row for row in held if (row[2] >= 0).any()]
        codes = np.array([codes for _, _, codes in held], np.int32).reshape(len(held), len(rows))
        limited = np.array([self.places[first].limit.limits for first, _, _ in held], np.bool_)
        own = np.unique(codes[limited])
        return BoundVolumes(
            places=self.places,
            codes=codes,
            first=tuple(first for first, _, _ in held),
            width=tuple(width for _, width, _ in held),
            limited=limited,
            own=frozenset(own[own >= 0].tolist()),
        )


def _values(limit: VolumeLimit, taken: Mask, offers: OfferTable) -> tuple[list[str | None], Codes]:
    """The values a limit counts by, in order, and each offer's (-1 where it counts nothing)."""
    counted = taken.copy()
    if limit.stock is not None:
        counted &= offers.columns[limit.stock].present
    if limit.counted_by is None:
        return [None], np.where(counted, 0, -1).astype(np.int32)
    column = offers.columns[limit.counted_by]
    counted &= column.present
    words, codes = np.unique(column.data[counted], return_inverse=True)
    placed = np.full(len(offers), -1, np.int32)
    placed[counted] = codes
    return [column.words[int(word)] for word in words], placed


def _most(limit: VolumeLimit, codes: Codes, offers: OfferTable) -> list[int | None]:
    """How many units each value has."""
    size = int(codes.max(initial=0 if limit.counted_by is None else -1)) + 1
    most = [limit.at_most] * size
    if limit.stock is not None:
        for code, stock in zip(codes.tolist(), offers.columns[limit.stock].data.tolist(), strict=True):
            if code >= 0:
                most[code] = int(stock)
    return most
