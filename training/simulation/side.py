"""A side of a simulation: one variant, deciding everything that was logged again along its own path."""

from collections.abc import Mapping

import msgspec
import numpy as np

from decision.engine.engine import draw
from decision.engine.replaying import inputs_of
from decision.engine.slate import Slate
from decision.engine.snapshot import Snapshot
from decision.engine.terms import Prices, Terms
from decision.engine.weighing import Weighing, weigh
from decision.journal.record import DecisionRecord
from decision.keys import customer_subject, visitor_subject
from rules.contact import read_contacts
from rules.ids import CatalogueVersion, OfferId
from rules.volume import VolumePlace
from training.evaluation.policies import GONE
from training.simulation.carried import CarriedContacts

PlaceName = tuple[str, str | None, str | None]
"""What stays the same of a volume limit's place in another catalogue: limit, channel, value."""


class Weighed(msgspec.Struct, frozen=True, eq=False):
    """How a side came to what it made: every candidate weighed, and the slate drawn."""

    snapshot: Snapshot
    weighing: Weighing
    slate: Slate

    @property
    def shown(self) -> tuple[OfferId, ...]:
        """The offers of the slate."""
        ids = self.weighing.placement.bound.offers.ids
        return tuple(ids[place.candidate] for place in self.slate.places)


class Made(msgspec.Struct, frozen=True, eq=False):
    """What a side makes of a logged decision: what it showed, with each offer's exact probability at its rank.

    `contacts` is the history that it was made with, as a blob; `weighed` is None where nothing had to be weighed.
    """

    shown: tuple[OfferId, ...]
    probabilities: tuple[float, ...]
    contacts: bytes
    weighed: Weighed | None = None


class Logged(msgspec.Struct, frozen=True, eq=False):
    """What the log's catalogues and campaigns say about volume limits: places by catalogue, prices by version."""

    places: Mapping[CatalogueVersion, tuple[PlaceName, ...]]
    prices: Mapping[str, Prices]


def names_of(places: tuple[VolumePlace, ...]) -> tuple[PlaceName, ...]:
    """The places' names, in order."""
    return tuple((place.limit.id, place.channel, place.value) for place in places)


class Side:
    """Decides with one snapshot; each person begins a `path` of its own."""

    def __init__(self, snapshot: Snapshot, logged: Logged) -> None:
        self.snapshot = snapshot
        self._logged = logged
        self._places: dict[CatalogueVersion, Mapping[int, int]] = {}
        self._numbers = {name: number for number, name in enumerate(names_of(snapshot.catalogue.volumes.places))}

    def make(self, record: DecisionRecord, path: CarriedContacts) -> Made:
        """Decide with the record's seed, moment, profile and context; the path is told."""
        contacts = path.history(record)
        if self._is_logged(record, contacts):
            offers = record.decision.offers
            return Made(tuple(o.offer for o in offers), tuple(o.probability for o in offers), contacts)
        placement = self.snapshot.placements.get(record.request.placement)
        if placement is None:
            path.note(record, "web", ())
            return Made((), (), contacts)
        weighed = self.weigh(record, contacts)
        path.note(record, placement.bound.spec.channel, weighed.shown)
        return Made(weighed.shown, tuple(place.probability for place in weighed.slate.places), contacts, weighed)

    def weigh(self, record: DecisionRecord, contacts: bytes) -> Weighed:
        """How it decides with a history; raises `NotFound` for a placement that it does not have."""
        given = inputs_of(record)
        without = given.without & GONE
        weighing = weigh(
            record.request,
            given.profile,
            read_contacts(contacts),
            self.snapshot,
            record.now,
            without,
            terms=self._terms(record),
            group=self._group(record),
        )
        return Weighed(self.snapshot, weighing, draw(weighing, record.request, record.seed))

    def _is_logged(self, record: DecisionRecord, contacts: bytes) -> bool:
        """Whether it would decide just what it did decide: replay shows that this is the same bit for bit."""
        group = self._group(record)
        if record.catalogue != self.snapshot.catalogue.version or record.decision.group != group:
            return False
        placement = self.snapshot.placement(record.request.placement, group)
        models = (record.model, record.further_models) == (placement.version, placement.further_models)
        return models and contacts is record.contacts and not record.decision.degraded

    def _group(self, record: DecisionRecord) -> str:
        """The group that the subject falls to."""
        owner = None if record.visitor is None else visitor_subject(record.visitor)
        owner = owner if record.customer is None else customer_subject(record.customer)
        return self.snapshot.catalogue.division.group(record.request.placement, owner)

    def _terms(self, record: DecisionRecord) -> Terms:
        """What the log knew of volume limits, at the places that this catalogue has too."""
        if record.terms is None:
            return Terms()
        known = self._known(record.catalogue)
        room = [(known[place], left) for place, left in record.terms.room if place in known]
        prices = None if record.terms.prices is None else self._logged.prices.get(record.terms.prices)
        if prices is None:
            return Terms(tuple(sorted(room)))
        by_place = np.zeros(len(self._numbers))
        by_place[list(known.values())] = prices.by_place[list(known)]
        return Terms(tuple(sorted(room)), Prices(prices.version, by_place))

    def _known(self, catalogue: CatalogueVersion) -> Mapping[int, int]:
        """This catalogue's number of each place of another one that it has too."""
        if catalogue not in self._places:
            names = self._logged.places.get(catalogue, ())
            self._places[catalogue] = {
                number: self._numbers[name] for number, name in enumerate(names) if name in self._numbers
            }
        return self._places[catalogue]
