"""What a slate takes of volume limits: so many units of so many counters."""

from collections.abc import Sequence

import msgspec

from decision.day import day_of
from decision.keys import volume_key
from decision.subject.profiles import DAY
from rules.ids import Instant
from rules.volume import BoundVolumes, VolumePlace

DAYS_KEPT = 35
"""How long the counter of a day is kept after its last change: until then units may be given back."""

TOTAL = "total"


class Claim(msgspec.Struct, frozen=True):
    """Units of one volume place; `counter` is its key in the store, which lives `ttl` seconds after its last change."""

    place: int
    counter: str
    units: int
    most: int
    ttl: int | None


def claims_of(volumes: BoundVolumes, candidates: Sequence[int], now: Instant) -> tuple[Claim, ...]:
    """What a slate of these candidates takes at a moment, in the order of the places."""
    return tuple(
        claim_at(volumes.places, number, units, now) for number, units in sorted(volumes.units(candidates).items())
    )


def claim_at(places: tuple[VolumePlace, ...], number: int, units: int, now: Instant) -> Claim:
    """Units of the place of a number, at a moment."""
    place = places[number]
    assert place.most is not None
    ttl = None if place.limit.within == TOTAL else DAYS_KEPT * DAY
    return Claim(number, counter_of(place, now), units, place.most, ttl)


def counter_of(place: VolumePlace, now: Instant) -> str:
    """The key of what is counted at a place, at a moment; another catalogue version goes on with the same."""
    return volume_key(place.limit.id, place.channel, place.value, period_of(place, now))


def period_of(place: VolumePlace, now: Instant) -> str:
    """The day that a place counts at a moment, in its limit's zone, or what stands for all days."""
    if place.limit.within == TOTAL:
        return TOTAL
    return day_of(now, place.limit.zone)
