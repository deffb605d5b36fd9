"""The judged decisions once more: who they were for, and the features that serving gives them."""

from collections.abc import Iterable, Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from decision.engine.replaying import inputs_of
from decision.engine.snapshot import Snapshot
from decision.engine.weighing import weigh
from decision.journal.record import DecisionRecord
from decision.subject.profile import Profile
from rules.catalogue import Catalogue
from rules.errors import ConciergeError
from training.learning.alignment import align
from training.learning.alignment import inputs_of as columns_of
from training.learning.rows import Inputs
from training.material.ledger import Earned

WEIGHED = 1_000
"""About as many decisions are weighed again for their features, spread over time."""

CLOCKS = 60_000
"""Milliseconds by which the clocks of callers may run ahead."""

Key = tuple[str, str]
"""A shown offer: the decision's id and the offer's."""


class Review(msgspec.Struct, frozen=True, eq=False):
    """What the judged decisions are; dictionaries are by decision, or by the offer shown.

    `parts` holds the decisions of each channel (`channel:web`) and of each value of a declared segment
    (`customer.tier:gold`); `served` the features, in the order of the wanted inputs; `decisions` are all of them, and
    `foreknowing` those whose profile knows of something later than the decision.
    """

    parts: Mapping[str, frozenset[str]]
    served: Mapping[Key, NDArray[np.float64]]
    decisions: frozenset[str]
    foreknowing: frozenset[str]


def review(
    judged: Iterable[Earned],
    catalogues: Mapping[str, Catalogue],
    wanted: Inputs,
    segments: tuple[str, ...],
    every: int = 1,
) -> Review:
    """Go through judged decisions; one in so many that showed something is weighed again."""
    parts: dict[str, set[str]] = {}
    served: dict[Key, NDArray[np.float64]] = {}
    decisions: set[str] = set()
    foreknowing: set[str] = set()
    shown = 0
    weigher = _Weigher(catalogues, wanted)
    for found in judged:
        record = found.record
        catalogue = catalogues.get(record.catalogue)
        if catalogue is None:
            continue
        decisions.add(record.id)
        profile = inputs_of(record).profile
        if _latest(profile) > record.now + CLOCKS:
            foreknowing.add(record.id)
        for name in _parts(record, profile, catalogue, segments):
            parts.setdefault(name, set()).add(record.id)
        if record.decision.offers:
            shown += 1
        if record.decision.offers and shown % every == 0:
            served.update(weigher.served(record))
    named = {name: frozenset(ids) for name, ids in parts.items()}
    return Review(named, served, frozenset(decisions), frozenset(foreknowing))


def _latest(profile: Profile) -> int:
    """The moment of the latest thing that a profile has learned from; 0 when it has learned nothing."""
    learned = [weight.at for entries in profile.affinities.values() for weight in entries.values()]
    return max((*learned, *(done.last for done in profile.activities.values())), default=0)


def _parts(record: DecisionRecord, profile: Profile, catalogue: Catalogue, segments: tuple[str, ...]) -> list[str]:
    placement = catalogue.workspace.placements.get(record.request.placement)
    names = [] if placement is None else [f"channel:{placement.channel}"]
    for segment in segments:
        kind, _, name = segment.partition(".")
        value = profile.attributes.get(name) if kind == "customer" else record.request.context.get(name)
        if value is not None:
            names.append(f"{segment}:{str(value).lower() if isinstance(value, bool) else value}")
    return names


class _Weigher:
    """Weighs decisions again with the catalogue they were made with; which model is used does not matter."""

    def __init__(self, catalogues: Mapping[str, Catalogue], wanted: Inputs) -> None:
        self._catalogues = catalogues
        self._wanted = wanted
        self._snapshots: dict[str, tuple[Snapshot, Inputs]] = {}

    def served(self, record: DecisionRecord) -> dict[Key, NDArray[np.float64]]:
        version = str(record.catalogue)
        if version not in self._snapshots:
            snapshot = Snapshot.build(self._catalogues[version], {})
            self._snapshots[version] = snapshot, columns_of(snapshot.features)
        snapshot, recorded = self._snapshots[version]
        given = inputs_of(record)
        try:
            weighing = weigh(
                record.request, given.profile, given.history, snapshot, record.now, given.without, terms=given.terms
            )
        except ConciergeError:
            return {}
        places = weighing.placement.bound.position
        shown = [offer.offer for offer in record.decision.offers if offer.offer in places]
        matrix = weighing.features.matrix(np.array([places[offer] for offer in shown], np.intp))
        aligned = align(matrix, recorded, self._wanted)
        return {(record.id, offer): row for offer, row in zip(shown, aligned, strict=True)}
