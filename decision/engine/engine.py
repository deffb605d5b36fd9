"""The engine: one pure function from a request and what is known to a slate; same arguments, same answer, bit for bit.

The service, campaigns, replay, explanation and simulation all call `decide`.
"""

from math import isnan

import numpy as np

from decision.engine.lap import Lap, untimed
from decision.engine.points import points_of
from decision.engine.request import Decision, DecisionRequest, Shadow, ShownOffer
from decision.engine.shadow import shadow_of
from decision.engine.slate import Slate, fill_slate
from decision.engine.snapshot import Snapshot
from decision.engine.terms import NO_TERMS, Terms
from decision.engine.verdict import Codes, judged
from decision.engine.weighing import Weighing, slots_of, weigh
from decision.subject.profile import Profile
from rules.contact import ContactHistory
from rules.division import CHAMPION, HOLDOUT
from rules.ids import Instant
from rules.reason import Reason

_REASONS = {reason: (reason.slug,) for reason in Reason}


def decide(
    request: DecisionRequest,
    profile: Profile | None,
    history: ContactHistory | None,
    snapshot: Snapshot,
    now: Instant,
    seed: int,
    without: frozenset[str] = frozenset(),
    lap: Lap = untimed,
    terms: Terms = NO_TERMS,
    group: str = CHAMPION,
) -> Decision:
    """The slate for a request; raises `NotFound` for an unknown placement.

    `profile` and `history` are None when they could not be loaded; `without` names parts to do without (see `weigh`);
    with `store` among them the answer is the placement's fallback. `lap` is told each stage as it ends. `terms` are the
    room and the prices of volume limits; the fallback stands outside them, as outside the contact policy.
    `group` is the subject's at this placement (`rules.division`).
    """
    return decide_judged(request, profile, history, snapshot, now, seed, without, lap, terms, group)[0]


def decide_judged(
    request: DecisionRequest,
    profile: Profile | None,
    history: ContactHistory | None,
    snapshot: Snapshot,
    now: Instant,
    seed: int,
    without: frozenset[str] = frozenset(),
    lap: Lap = untimed,
    terms: Terms = NO_TERMS,
    group: str = CHAMPION,
) -> tuple[Decision, Codes]:
    """What `decide` gives, and the verdict on every candidate; a fallback is shown undecided."""
    return decide_shadowed(request, profile, history, snapshot, now, seed, without, lap, terms, group)[:2]


def decide_shadowed(
    request: DecisionRequest,
    profile: Profile | None,
    history: ContactHistory | None,
    snapshot: Snapshot,
    now: Instant,
    seed: int,
    without: frozenset[str] = frozenset(),
    lap: Lap = untimed,
    terms: Terms = NO_TERMS,
    group: str = CHAMPION,
) -> tuple[Decision, Codes, Shadow | None]:
    """What `decide_judged` gives, and what the challenger would have done, where one is tried."""
    if "store" in without:
        undecided = np.full(len(snapshot.placement(request.placement).bound.rows), Reason.UNDECIDED, np.uint8)
        return fallback_decision(request, snapshot, now, without, group), undecided, None
    weighing = weigh(request, profile, history, snapshot, now, without, lap, terms, group)
    slate = draw(weighing, request, seed)
    lap("draw")
    shadow = shadow_of(weighing, slate)
    if shadow is not None:
        lap("shadow")
    decision, verdicts = conclude(weighing, slate)
    lap("conclude")
    return decision, verdicts, shadow


def draw(weighing: Weighing, request: DecisionRequest, seed: int) -> Slate:
    """The slate that a seed draws from weighed candidates."""
    placement = weighing.placement
    spec = placement.bound.spec
    slots = slots_of(request, spec)
    return fill_slate(
        weighing.scores,
        weighing.open,
        slots,
        spec.exploration,
        weighing.limits,
        placement.mandatory,
        points_of(seed, slots),
        weighing.may_show_none,
    )


def conclude(weighing: Weighing, slate: Slate) -> tuple[Decision, Codes]:
    """The answer that a slate makes, and the verdict on every candidate."""
    placement = weighing.placement
    ids, responds = placement.bound.offers.ids, placement.bound.goal.objective == "response"
    predictions, values, scores = weighing.prediction, weighing.parts.value, weighing.scores
    features = weighing.features.matrix(np.array([place.candidate for place in slate.places], np.intp)).tolist()
    shown = []
    for rank, (place, vector) in enumerate(zip(slate.places, features, strict=True), start=1):
        row = place.candidate
        prediction = predictions.item(row)
        shown.append(
            ShownOffer(
                ids[row],
                rank,
                prediction if responds and not isnan(prediction) else None,
                values.item(row),
                scores.item(row),
                place.probability,
                _REASONS[place.reason],
                tuple(vector),
            )
        )
    verdicts, counts = judged(weighing, slate)
    none = 1.0 if weighing.group == HOLDOUT else slate.none
    return Decision(tuple(shown), weighing.group, weighing.degraded, counts, none), verdicts


def fallback_decision(
    request: DecisionRequest,
    snapshot: Snapshot,
    now: Instant,
    without: frozenset[str] = frozenset({"store"}),
    group: str = CHAMPION,
) -> Decision:
    """The placement's fallback, from memory, for when nothing can be known about the subject.

    It leaves out what the request excludes and what is out of its period, and it is empty where the placement needs a
    consent, for one that cannot be read is not given. Who is held out is shown nothing then, too.
    """
    spec = snapshot.placement(request.placement).bound.spec
    offers = snapshot.catalogue.offers
    slots = slots_of(request, spec)
    shown: list[ShownOffer] = []
    for offer in spec.fallback if spec.consent is None and group != HOLDOUT else ():
        row = snapshot.rows.get(offer)
        if row is None or offer in request.exclude or len(shown) == slots:
            continue
        starts, ends = offers.columns["starts"], offers.columns["ends"]
        if (starts.present[row] and now < starts.data[row]) or (ends.present[row] and now >= ends.data[row]):
            continue
        shown.append(ShownOffer(offer, len(shown) + 1, None, 0.0, 0.0, 1.0, _REASONS[Reason.FALLBACK]))
    return Decision(tuple(shown), group, tuple(sorted(without)), {})
