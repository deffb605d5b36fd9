"""What a worker remembers of volume limits for a moment: the places where less is left than a slate may take."""

from collections.abc import Collection, Iterable, Mapping

import msgspec

from decision.clock import Clock
from decision.engine.terms import NO_TERMS, Terms
from decision.service.claims import Claim, counter_of, period_of
from rules.ids import Instant
from rules.volume import BoundVolumes, VolumePlace

KNOWN_MILLISECONDS = 1_000
"""How long it is believed that a place is nearly empty: units may come back."""

_MOST_COUNTERS = 100


class _Known(msgspec.Struct, frozen=True):
    left: int
    counter: str
    until: Instant


class Shortage:
    """Places that are nearly empty, of the catalogue that was asked about last; another one numbers them anew."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._places: tuple[VolumePlace, ...] = ()
        self._known: dict[int, _Known] = {}
        self._until = Instant(0)
        self._looked: dict[frozenset[int], Instant] = {}
        self._counters: dict[tuple[frozenset[int], tuple[str, ...]], Mapping[int, str]] = {}
        # By the identity of the counters that a placement has at a moment, until something else is known.
        self._terms: dict[int, Terms] = {}

    def terms(self, volumes: BoundVolumes, now: Instant) -> Terms:
        """What is remembered of the places of a placement, for a decision at a moment."""
        if not self._known or volumes.places is not self._places:
            return NO_TERMS
        moment = self._clock()
        if moment >= self._until:
            self._keep({number: known for number, known in self._known.items() if moment < known.until})
        counters = self.counters(volumes, now)
        terms = self._terms.get(id(counters))
        if terms is None:
            known = self._known.items()
            room = {number: each.left for number, each in known if counters.get(number) == each.counter}
            terms = self._terms[id(counters)] = NO_TERMS.with_room(room) if room else NO_TERMS
        return terms

    def counters(self, volumes: BoundVolumes, now: Instant) -> Mapping[int, str]:
        """The counters of all places of a placement that have a most, at a moment; the same mapping all day long."""
        self._turn_to(volumes)
        key = (volumes.own, tuple(period_of(volumes.places[first], now) for first in volumes.first))
        if key not in self._counters:
            if len(self._counters) >= _MOST_COUNTERS:
                self._counters, self._terms = {}, {}
            self._counters[key] = {number: counter_of(volumes.places[number], now) for number in sorted(volumes.own)}
        return self._counters[key]

    def remember(self, left: Iterable[tuple[Claim, int]], volumes: BoundVolumes, slots: int) -> None:
        """So many units are left at these places, which matters where a slate of so many `slots` may take more."""
        self._turn_to(volumes)
        until = Instant(self._clock() + KNOWN_MILLISECONDS)
        for claim, units in left:
            if units < slots:
                self._until = min(self._until, until) if self._known else until
                self._known[claim.place] = _Known(units, claim.counter, until)
                self._terms = {}
            elif self._known.pop(claim.place, None) is not None:
                self._terms = {}

    def forget(self, counters: Collection[str]) -> None:
        """Units of these came back."""
        self._keep({number: known for number, known in self._known.items() if known.counter not in counters})

    def due(self, volumes: BoundVolumes) -> bool:
        """Whether it is time to look at all places of a placement once more; who asks looks."""
        self._turn_to(volumes)
        moment = self._clock()
        if moment < self._looked.get(volumes.own, moment):
            return False
        self._looked[volumes.own] = Instant(moment + KNOWN_MILLISECONDS)
        return True

    def _keep(self, known: dict[int, _Known]) -> None:
        self._known, self._terms = known, {}
        self._until = min((each.until for each in known.values()), default=Instant(0))

    def _turn_to(self, volumes: BoundVolumes) -> None:
        if volumes.places is not self._places:
            self._places, self._looked, self._counters = volumes.places, {}, {}
            self._keep({})
