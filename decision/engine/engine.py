"""The engine: one pure function from a request and what is known to a slate; same arguments, same answer, bit for bit.

The service, campaigns, replay, explanation and simulation all call `decide`.
"""

from random import Random

import numpy as np
from numpy.typing import NDArray

from decision.engine.lap import Lap, untimed
from decision.engine.request import Decision, DecisionRequest, ShownOffer
from decision.engine.slate import Slate, fill_slate
from decision.engine.snapshot import Snapshot
from decision.engine.weighing import Weighing, slots_of, weigh
from decision.subject.profile import Profile
from rules.contact import ContactHistory
from rules.ids import Instant
from rules.reason import Reason

GROUP = "champion"
"""The group of every decision while no experiment splits subjects."""


def decide(
    request: DecisionRequest,
    profile: Profile | None,
    history: ContactHistory | None,
    snapshot: Snapshot,
    now: Instant,
    seed: int,
    without: frozenset[str] = frozenset(),
    lap: Lap = untimed,
) -> Decision:
    """The slate for a request; raises `NotFound` for an unknown placement.

    `profile` and `history` are None when they could not be loaded; `without` names parts to do without (see `weigh`);
    with `store` among them the answer is the placement's fallback. `lap` is told each stage as it ends.
    """
    if "store" in without:
        return fallback_decision(request, snapshot, now, without)
    weighing = weigh(request, profile, history, snapshot, now, without, lap)
    slate = draw(weighing, request, seed)
    lap("draw")
    decision = conclude(weighing, slate)
    lap("conclude")
    return decision


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
        placement.bound.mandatory,
        Random(seed),
    )


def conclude(weighing: Weighing, slate: Slate) -> Decision:
    """The answer that a slate makes."""
    placement, parts = weighing.placement, weighing.parts
    features = weighing.features.matrix(np.array([place.candidate for place in slate.places], np.intp)).tolist()
    responds = placement.bound.goal.objective == "response"
    shown = []
    for rank, (place, vector) in enumerate(zip(slate.places, features, strict=True), start=1):
        prediction = float(weighing.prediction[place.candidate])
        shown.append(
            ShownOffer(
                offer=placement.bound.offers.ids[place.candidate],
                rank=rank,
                propensity=prediction if responds and not np.isnan(prediction) else None,
                value=float(parts.value[place.candidate]),
                score=float(weighing.scores[place.candidate]),
                probability=place.probability,
                reasons=(place.reason.slug,),
                features=tuple(vector),
            )
        )
    return Decision(tuple(shown), GROUP, weighing.degraded, _counts(weighing, slate))


def verdicts(weighing: Weighing, slate: Slate) -> NDArray[np.uint8]:
    """The final `Reason` of every candidate, shown or not."""
    # The index -1, of those that no limit held, reads the last one.
    left = np.array([*(limit.reason for limit in weighing.limits), Reason.OUTRANKED], np.uint8)
    reasons = np.where(weighing.open, left[slate.held_by], weighing.screening.reason)
    for place in slate.places:
        reasons[place.candidate] = place.reason
    return reasons


def fallback_decision(
    request: DecisionRequest, snapshot: Snapshot, now: Instant, without: frozenset[str] = frozenset({"store"})
) -> Decision:
    """The placement's fallback, from memory, for when nothing can be known about the subject.

    It leaves out what the request excludes and what is out of its period, and it is empty where the placement needs a
    consent, for one that cannot be read is not given.
    """
    spec = snapshot.placement(request.placement).bound.spec
    offers = snapshot.catalogue.offers
    slots = slots_of(request, spec)
    shown: list[ShownOffer] = []
    for offer in spec.fallback if spec.consent is None else ():
        row = snapshot.rows.get(offer)
        if row is None or offer in request.exclude or len(shown) == slots:
            continue
        starts, ends = offers.columns["starts"], offers.columns["ends"]
        if (starts.present[row] and now < starts.data[row]) or (ends.present[row] and now >= ends.data[row]):
            continue
        shown.append(ShownOffer(offer, len(shown) + 1, None, 0.0, 0.0, 1.0, (Reason.FALLBACK.slug,)))
    return Decision(tuple(shown), GROUP, tuple(sorted(without)), {})


def _counts(weighing: Weighing, slate: Slate) -> dict[str, int]:
    """How many offers of the catalogue each reason kept off."""
    counts = dict(weighing.placement.left_out)
    for reason, number in enumerate(np.bincount(verdicts(weighing, slate))[: Reason.RANKED].tolist()):
        if number:
            slug = Reason(reason).slug
            counts[slug] = counts.get(slug, 0) + number
    return dict(sorted(counts.items()))
