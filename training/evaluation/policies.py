"""What policies would have done where a decision was logged: each one's chance of every action at rank 1."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from decision.engine.replaying import inputs_of
from decision.engine.slate import first_rank
from decision.engine.snapshot import Snapshot
from decision.engine.terms import Prices, prices_of
from decision.engine.weighing import Weighing, weigh
from decision.journal.record import DecisionRecord
from rules.choice import Exploration
from rules.ids import OfferId
from training.evaluation.actions import Floats
from training.evaluation.own import Own, own_of
from training.material.ledger import Earned
from training.material.question import Question

CHAMPION_MODEL = "champion"
"""The name of the model in use."""
CHALLENGER = "challenger"
"""The name of the model that is tried beside it."""
GREEDY = "greedy"
CONSTANT = "constant"
UNIFORM = "uniform"
LOGGED = "logged"
NOTHING = "nothing"
"""Showing nobody anything: what an increment is measured from."""

GONE = frozenset({"profile", "history", "volume"})
"""What a decision went without that nobody knows now; whether it had a model is the question."""


class Action(msgspec.Struct, frozen=True):
    """What a logged decision did at rank 1 (None: it showed no offer), with which probability, and what V it stated."""

    offer: OfferId | None
    probability: float
    worth: float


class Conduct(msgspec.Struct, frozen=True, eq=False):
    """What policies would do on one logged decision.

    `chances` has for each policy f8[n + 1]: every candidate's chance to stand at rank 1 and, last, that of showing
    nothing; `own` is what the logged policy itself could have done. `weighings` are by model, all of the catalogue of
    `snapshot`.
    """

    weighings: Mapping[str, Weighing]
    snapshot: Snapshot
    chances: Mapping[str, Floats]
    own: Own

    @property
    def weighing(self) -> Weighing:
        """The first of them: the facts are alike in all, and so is what is open, but for what prices close."""
        return next(iter(self.weighings.values()))

    @property
    def open(self) -> NDArray[np.bool_]:
        """What any of them may show, bool[n]."""
        return np.asarray(np.logical_or.reduce([weighing.open for weighing in self.weighings.values()]), np.bool_)

    def place_of(self, offer: OfferId | None) -> int | None:
        """Where an offer, or showing nothing, stands among the chances; None for an offer that is no candidate."""
        ids = self.weighing.placement.bound.offers.ids
        if offer is None:
            return len(ids)
        return ids.index(offer) if offer in ids else None


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


def worth_of(earned: Earned, action: Action, question: Question) -> float:
    """What a decision earned: the outcomes' summed value, or for a response the V that was stated for the offer."""
    if question.objective != "response":
        return earned.value
    return action.worth if earned.hits else 0.0


def conduct_of(
    record: DecisionRecord,
    snapshots: Mapping[str, Snapshot],
    order: Sequence[OfferId],
    own: Snapshot | None = None,
    prices: Prices | None = None,
) -> Conduct:
    """What the policies would do on a logged decision, on the profile, history and prices it was made from.

    `snapshots` are of the record's catalogue, one for each model; `own` has the record's models, where they are known.
    `greedy` is the champion without exploring, where it is among them. `constant` shows the first of `order` that may
    be shown, whoever asks; `uniform` any that may be shown: under prices, what the first model finds worth them. Both
    show nothing only where no offer may be shown. `nothing` never shows any; it is there for increments.
    """
    given = inputs_of(record, prices)
    without = given.without & GONE
    chances: dict[str, Floats] = {}
    weighings: dict[str, Weighing] = {}
    for name, snapshot in snapshots.items():
        weighing = weigh(record.request, given.profile, given.history, snapshot, record.now, without, terms=given.terms)
        weighings[name], bound = weighing, weighing.placement.bound
        exploration = bound.spec.exploration
        rank = first_rank(weighing.scores, weighing.open, exploration, bound.mandatory, weighing.may_show_none)
        chances[name] = rank
        if name == CHAMPION_MODEL:
            chances[GREEDY] = first_rank(
                _sober(weighing), weighing.open, Exploration(0.0, 0.0), bound.mandatory, weighing.may_show_none
            )
    if not weighings:
        raise ValueError("Policies are compared under at least one model; pass a snapshot.")
    weighing = next(iter(weighings.values()))
    number = int(weighing.open.sum())
    chances[CONSTANT] = one_of(weighing, weighing.open, order)
    chances[UNIFORM] = np.append(weighing.open / max(number, 1), float(number == 0))
    if snapshot.models[weighing.placement.bound.spec.goal].objective == "increment":
        chances[NOTHING] = silence_of(weighing)
    return Conduct(weighings, snapshot, chances, own_of(record, given, weighings, snapshots, own))


def _sober(weighing: Weighing) -> Floats:
    """The scores without what optimism adds."""
    if weighing.parts.optimism is None:
        return weighing.scores
    parts, bound = msgspec.structs.replace(weighing.parts, optimism=None), weighing.placement.bound
    scores = parts.scores(bound.spec.arbitration, weighing.open)
    if weighing.terms.prices is None:
        return scores
    costs = prices_of(bound.volumes, weighing.terms.prices)
    return np.where(weighing.open, np.maximum(scores - costs, 0.0), 0.0)


def silence_of(weighing: Weighing) -> Floats:
    """All on showing nothing, f8[n + 1]."""
    rank = np.zeros(len(weighing.open) + 1)
    rank[-1] = 1.0
    return rank


def one_of(weighing: Weighing, free: NDArray[np.bool_], order: Sequence[OfferId]) -> Floats:
    """All on the first offer of the order that is free, f8[n + 1]; one the order lacks comes after all it knows."""
    rank = np.zeros(len(free) + 1)
    ids = weighing.placement.bound.offers.ids
    left = {ids[row]: row for row in np.flatnonzero(free).tolist()}
    rank[next((left[offer] for offer in order if offer in left), min(left.values(), default=-1))] = 1.0
    return rank
