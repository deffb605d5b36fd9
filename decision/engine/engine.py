"""The engine: one pure function from a request and what is known to a slate; same arguments, same answer, bit for bit.

The service, campaigns, replay, explanation and simulation all call `decide`, or for more than the slate what it calls.
"""

from collections.abc import Callable
from math import isnan
from typing import NamedTuple, ParamSpec

import numpy as np

from decision.engine.lap import Lap, untimed
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

Given = ParamSpec("Given")

_REASONS = {int(reason): (reason.slug,) for reason in Reason}


class Judged(NamedTuple):
    """A decision with the verdict on every candidate, and what the challenger would have done, where one is tried."""

    decision: Decision
    verdicts: Codes
    shadow: Shadow | None


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
) -> Judged:
    """The slate for a request, and what more is known of it; raises `NotFound` for an unknown placement.

    `profile` and `history` are None when they could not be loaded; `without` names parts to do without (see `weigh`);
    with `store` among them the answer is the placement's fallback, which is shown undecided. `lap` is told each stage
    as it ends. `terms` are the room and the prices of volume limits; the fallback stands outside them, as outside the
    contact policy. `group` is the subject's at this placement (`rules.division`).
    """
    if "store" in without:
        undecided = np.full(len(snapshot.placement(request.placement).bound.rows), Reason.UNDECIDED, np.uint8)
        return Judged(fallback_decision(request, snapshot, now, without, group), undecided, None)
    weighing = weigh(request, profile, history, snapshot, now, without, lap, terms, group)
    slate = draw(weighing, request, seed)
    lap("draw")
    shadow = shadow_of(weighing, slate)
    if shadow is not None:
        lap("shadow")
    decision, verdicts = conclude(weighing, slate)
    lap("conclude")
    return Judged(decision, verdicts, shadow)


def _alone(judging: Callable[Given, Judged]) -> Callable[Given, Decision]:
    def decide(*given: Given.args, **named: Given.kwargs) -> Decision:
        return judging(*given, **named).decision

    return decide


decide = _alone(decide_judged)
"""The slate for a request: what `decide_judged` is given, and its decision alone."""


def draw(weighing: Weighing, request: DecisionRequest, seed: int) -> Slate:
    """The slate that a seed draws from weighed candidates."""
    placement = weighing.placement
    spec = placement.bound.spec
    return fill_slate(
        weighing.scores,
        weighing.open,
        slots_of(request, spec),
        spec.exploration,
        weighing.limits,
        placement.mandatory,
        seed,
        weighing.may_show_none,
    )


def conclude(weighing: Weighing, slate: Slate) -> tuple[Decision, Codes]:
    """The answer that a slate makes, and the verdict on every candidate."""
    bound = weighing.placement.bound
    ids, responds = bound.offers.ids, bound.goal.objective == "response"
    verdicts, counts, figures = judged(weighing, slate)
    shown: list[ShownOffer] = []
    for row, chance, reason, (prediction, value, score, *features) in zip(
        slate.drawn.tolist(), slate.chances.tolist(), slate.reasons.tolist(), figures.tolist(), strict=True
    ):
        propensity = prediction if responds and not isnan(prediction) else None
        given = tuple(features)
        shown.append(ShownOffer(ids[row], len(shown) + 1, propensity, value, score, chance, _REASONS[reason], given))
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
