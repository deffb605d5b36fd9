"""What policies would have done where a decision was logged: each one's chance of the action that was taken."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from decision.engine.replaying import inputs_of
from decision.engine.slate import first_rank
from decision.engine.snapshot import Snapshot
from decision.engine.weighing import Weighing, weigh
from decision.journal.record import DecisionRecord
from rules.ids import OfferId

CONSTANT = "constant"
UNIFORM = "uniform"
LOGGED = "logged"

_GONE = frozenset({"profile", "history", "volume"})


class Action(msgspec.Struct, frozen=True):
    """What a logged decision did at rank 1 (None: it showed no offer), with which probability, and what V it stated."""

    offer: OfferId | None
    probability: float
    worth: float


def action_of(record: DecisionRecord) -> Action | None:
    """The logged action; None when its probability is not known, or was forced by a failure."""
    degraded = {*record.decision.degraded, *record.degraded_inputs}
    if degraded & {"store", "contention"}:
        return None
    if not record.decision.offers:
        # A live decision shows nothing only where there is nothing it may show.
        certain = 1.0 if record.source == "live" else 0.0
        probability = record.none_probability or certain
        return Action(None, probability, 0.0) if 0 < probability <= 1 else None
    first = min(record.decision.offers, key=lambda shown: shown.rank)
    if first.rank != 1 or not 0 < first.probability <= 1:
        return None
    return Action(first.offer, first.probability, first.value)


def chances(
    record: DecisionRecord, action: Action, snapshots: Mapping[str, Snapshot], order: Sequence[OfferId]
) -> dict[str, float]:
    """Each policy's chance of the action, at rank 1.

    `snapshots` are of the record's catalogue, one for each model. `constant` shows the first of `order` that may be
    shown, whoever asks; `uniform` any that may be shown. A policy shows none where no offer may be shown.
    """
    given = inputs_of(record)
    # What a part that was missing then would have said is not known; whether a model was, is the question.
    without = given.without & _GONE
    found: dict[str, float] = {LOGGED: action.probability}
    weighing = None
    for name, snapshot in snapshots.items():
        weighing = weigh(record.request, given.profile, given.history, snapshot, record.now, without, terms=given.terms)
        bound = weighing.placement.bound
        rank = first_rank(weighing.scores, weighing.open, bound.spec.exploration, bound.mandatory)
        found[name] = _chance(weighing, rank, action)
    if weighing is None:
        raise ValueError("Policies are compared under at least one model; pass a snapshot.")
    found[CONSTANT] = _chance(weighing, _constant(weighing, order), action)
    count = int(weighing.open.sum())
    found[UNIFORM] = _chance(weighing, weighing.open / max(count, 1), action)
    return found


def _chance(weighing: Weighing, rank: np.ndarray[tuple[int], np.dtype[np.float64]], action: Action) -> float:
    if action.offer is None:
        return 0.0 if weighing.open.any() else 1.0
    ids = weighing.placement.bound.offers.ids
    return float(rank[ids.index(action.offer)]) if action.offer in ids else 0.0


def _constant(weighing: Weighing, order: Sequence[OfferId]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """All on the first offer of the order that is open; an offer the order does not know comes after all it knows."""
    rank = np.zeros(len(weighing.open))
    ids = weighing.placement.bound.offers.ids
    open = {ids[row]: row for row in np.flatnonzero(weighing.open).tolist()}
    if open:
        rank[next((open[offer] for offer in order if offer in open), min(open.values()))] = 1.0
    return rank
