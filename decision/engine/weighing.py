"""Weighing: what every candidate of a placement is worth for one subject, before anything is drawn."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from decision.engine.arbitration import Parts, Worth
from decision.engine.facts import Known
from decision.engine.further_goal import worth_of
from decision.engine.lap import Lap, untimed
from decision.engine.limit import Limits
from decision.engine.request import DecisionRequest
from decision.engine.snapshot import ReadyPlacement, Snapshot
from decision.engine.terms import NO_TERMS, Terms, prices_of, screen_prices, screen_volumes, volume_limits
from decision.subject.profile import EMPTY_PROFILE, Profile
from models.feature import FeatureValues
from rules.contact import ContactHistory
from rules.division import CHAMPION, HOLDOUT
from rules.facts import Facts
from rules.ids import Instant
from rules.reason import Reason
from rules.screening import Screening
from rules.workspace import Placement

Floats = NDArray[np.float64]

NO_FACTS: Facts = {}


class Weighing(msgspec.Struct, frozen=True, eq=False):
    """All candidates of a placement for one request; arrays have one element per candidate.

    `prediction` is the model's figure (propensity, value or increment), NaN where none was asked for; `scores` are
    finite and not negative, zero where the candidate is screened out; `limits` bound the slate. `degraded` names what
    was left out, sorted. `history` is None when it is unknown; the facts count such contacts as none. Where `terms`
    have prices, `scores` are net of them. `may_show_none` says that showing nothing can win.
    """

    placement: ReadyPlacement
    group: str
    profile: Profile
    history: ContactHistory | None
    known: Known
    screening: Screening
    open: NDArray[np.bool_]
    features: FeatureValues
    prediction: Floats
    parts: Parts
    scores: Floats
    limits: Limits
    terms: Terms
    may_show_none: bool
    degraded: tuple[str, ...]

    @property
    def facts(self) -> Facts:
        """What was known of the request, as paths (`rules.facts`)."""
        return self.known.facts


def weigh(
    request: DecisionRequest,
    profile: Profile | None,
    history: ContactHistory | None,
    snapshot: Snapshot,
    now: Instant,
    without: frozenset[str] = frozenset(),
    lap: Lap = untimed,
    terms: Terms = NO_TERMS,
    group: str = CHAMPION,
) -> Weighing:
    """Screen, predict and score; raises `NotFound` for an unknown placement.

    A profile or history of None could not be loaded; `without` names parts to do without: `profile`, `history`, `model`
    or `volume`. Either way the decision goes on with what there is, and says so: what it says in `degraded`, given as
    `without`, gives the same weighing again. Without the history no offer passes that the contact policy counts, and
    without volume none that counts towards a volume limit. `terms` tell what is left of volume limits, and prices.
    `lap` is told each stage as it ends. The `group` says how the subject is decided for: as an arm of an experiment has
    the placement, or held out, where nothing is open.
    """
    placement = snapshot.placement(request.placement, group)
    bound = placement.bound
    degraded = set(without)
    if placement.missing and placement.needs_model:
        degraded.add("model")
    if profile is None or "profile" in without:
        degraded.add("profile")
        profile = EMPTY_PROFILE
    if history is None or "history" in without:
        degraded.add("history")
        history = None
    counts = None if history is None else bound.tally.count(history, now)
    known = Known(snapshot.catalogue, bound, profile, counts, request.context, now)
    taken = placement.reading and placement.reading.take(profile.blob, counts, request.context, now)
    lap("facts")
    features = placement.features.run_taken(taken) if taken else placement.features.run(known.facts)
    lap("features")
    screening = bound.screen(features.verdicts, frozenset(request.exclude), counts, now, profile.consents)
    if terms.room or "volume" in without:
        screening = screen_volumes(screening, bound.volumes, terms, "volume" in without)
    if group == HOLDOUT:
        screening = screening.closed(Reason.HELD_OUT)
    open = screening.passes
    lap("screen")
    weights = bound.weigh(known.facts if bound.weights.asked else NO_FACTS, now)
    degraded.update(weights.faults)
    lap("weights")
    asks_model = placement.needs_model and "model" not in degraded
    rows = screening.rows
    prediction = placement.model.predict(features, rows) if asks_model else np.full(len(open), np.nan)
    further: tuple[Worth, ...] = ()
    if placement.further:
        further = worth_of(placement.further, features, rows, weights.further, degraded)
    lap("predict")
    valued = asks_model and bound.goal.objective != "response"
    parts = Parts(
        prediction if asks_model and not valued else np.ones(len(open)),
        weights.context,
        prediction if valued else weights.value,
        weights.levers,
        further,
        placement.optimism if asks_model else None,
    )
    scores = parts.scores(bound.spec.arbitration, open)
    if terms.prices is not None:
        costs = prices_of(bound.volumes, terms.prices)
        screening = screen_prices(screening, scores, costs, placement.mandatory)
        open = screening.passes
        scores = np.where(open, np.maximum(scores - costs, 0.0), 0.0)
    slots = slots_of(request, bound.spec)
    at_once = placement.at_once.limits(counts, slots)
    if terms.room:
        at_once += volume_limits(bound.volumes, terms, slots)
    limits = placement.limits.joined(at_once)
    lap("score")
    return Weighing(
        placement=placement,
        group=group,
        profile=profile,
        history=history,
        known=known,
        screening=screening,
        open=open,
        features=features,
        prediction=prediction,
        parts=parts,
        scores=scores,
        limits=limits,
        terms=terms,
        may_show_none=asks_model and bound.goal.objective == "increment",
        degraded=tuple(sorted(degraded)),
    )


def slots_of(request: DecisionRequest, spec: Placement) -> int:
    """How many offers are asked for."""
    return spec.slots if request.slots is None else request.slots
