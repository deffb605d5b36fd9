"""Makes the journal's records of decisions that another system made."""

from collections.abc import Callable, Mapping

import numpy as np

from decision.engine.facts import facts_of
from decision.engine.request import Decision, DecisionRequest, ShownOffer
from decision.engine.snapshot import Snapshot
from decision.importing.decision_row import DecisionRow
from decision.journal.record import DecisionRecord, OutcomeRecord
from decision.subject.changing import apply_outcome
from decision.subject.identities import Subject
from decision.subject.profile import Profile, encode_profile
from models.feature import BoundFeatures
from rules.contact import DECISION_KIND, ContactHistory, contact_record, decision_tag
from rules.facts import FactValue
from rules.ids import Instant

ONLY = np.zeros(1, np.intp)


class Recording:
    """Records under one catalogue, whose features they get."""

    def __init__(self, snapshot: Snapshot, clock: Callable[[], Instant]) -> None:
        self._snapshot = snapshot
        self._clock = clock
        self._features: dict[int, BoundFeatures] = {}

    def decision(self, row: DecisionRow, subject: Subject, profile: Profile, history: ContactHistory) -> DecisionRecord:
        """The record of a decision; profile and history are those of its own moment."""
        catalogue = self._snapshot.catalogue
        context = dict(row.context)
        offers: tuple[ShownOffer, ...] = ()
        if row.offer is not None:
            bound = catalogue.placements[row.placement]
            counts = bound.tally.count(history, row.at)
            facts = facts_of(catalogue, bound, profile, counts, context, row.at)
            vector = self._vector(self._snapshot.rows[row.offer], facts)
            offers = (ShownOffer(row.offer, row.rank, None, 0.0, 0.0, row.probability, (), vector),)
        return DecisionRecord(
            id=row.id,
            written=self._clock(),
            now=row.at,
            seed=0,
            customer=subject.customer,
            visitor=row.visitor,
            request=DecisionRequest(row.placement, context),
            profile=encode_profile(profile),
            contacts=history.tobytes(),
            catalogue=catalogue.version,
            model=None,
            decision=Decision(offers, "imported", (), {}, row.probability if row.offer is None else 0.0),
            source="import",
        )

    def outcome(self, row: DecisionRow, subject: Subject) -> OutcomeRecord | None:
        """The record of what became of a decision, if anything did."""
        if row.outcome is None:
            return None
        return OutcomeRecord(
            id=f"import:{row.id}",
            written=self._clock(),
            at=row.outcome_at,
            decision=row.id,
            offer=row.offer,
            kind=row.outcome,
            customer=subject.customer,
            visitor=row.visitor,
            value=row.value,
        )

    def contacts(self, row: DecisionRow) -> bytes:
        """The contacts that a decision and its outcome were; none where nothing was shown."""
        if row.offer is None:
            return b""
        channel = self._snapshot.catalogue.workspace.placements[row.placement].channel
        tag = decision_tag(row.id)
        shown = contact_record(row.at, row.offer, DECISION_KIND, channel, row.rank, tag)
        if row.outcome is None:
            return shown
        return shown + contact_record(row.outcome_at, row.offer, row.outcome, channel, row.rank, tag)

    def teaches(self, outcome: OutcomeRecord) -> bool:
        """Whether a profile learns anything from an outcome."""
        affinities = self._snapshot.catalogue.workspace.affinities.values()
        return outcome.offer is not None and any(outcome.kind in affinity.weights for affinity in affinities)

    def learn(self, profile: Profile, outcome: OutcomeRecord) -> Profile:
        """The profile after an outcome that teaches."""
        catalogue, rows = self._snapshot.catalogue, self._snapshot.rows
        if outcome.offer is None:
            return profile
        return apply_outcome(profile, catalogue.workspace, outcome, catalogue.offers, rows[outcome.offer])

    def _vector(self, row: int, facts: Mapping[str, FactValue]) -> tuple[float, ...]:
        """The features of one offer, which is cheaper than those of all."""
        bound = self._features.get(row)
        if bound is None:
            offer = self._snapshot.catalogue.offers.take(np.array([row], np.intp))
            bound = self._features[row] = self._snapshot.features.bind(offer)
        return tuple(bound.run(facts).matrix(ONLY)[0].tolist())
