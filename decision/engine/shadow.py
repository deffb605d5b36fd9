"""The shadow: what the challenger would have done with a decision that the champion makes; nobody is shown it."""

import msgspec
import numpy as np

from decision.engine.arbitration import Parts, spread
from decision.engine.request import Shadow
from decision.engine.slate import Slate
from decision.engine.weighing import Weighing


def shadow_of(weighing: Weighing, slate: Slate) -> Shadow | None:
    """The challenger's figures for candidates that were weighed; None without one, or where no model was asked.

    What is liked best has the best score, whatever exploration, prices and limits of the slate make of that.
    """
    placement, open = weighing.placement, weighing.open
    challenger = placement.challenger
    if challenger is None or challenger.version is None or not open.any():
        return None
    if not placement.needs_model or "model" in weighing.degraded:
        return None
    prediction = spread(challenger.bound.predict(weighing.features, open.nonzero()[0]), open)
    # Optimism is about what little the champion knows.
    own = msgspec.structs.replace(weighing.parts, optimism=None)
    if placement.bound.goal.objective == "response":
        other = msgspec.structs.replace(own, propensity=prediction)
    else:
        other = msgspec.structs.replace(own, value=prediction)
    liked, first = _best(weighing, own), _best(weighing, other)
    return Shadow(
        challenger.version,
        None if first is None else placement.bound.offers.ids[first],
        first == liked,
        tuple([prediction.item(place.candidate) for place in slate.places]),
    )


def _best(weighing: Weighing, parts: Parts) -> int | None:
    """The first of the best open candidates; None where showing nothing is better."""
    scores = parts.scores(weighing.placement.bound.spec.arbitration, weighing.open)
    best = int(np.argmax(scores))
    if scores[best] > 0.0:
        return best
    return None if weighing.may_show_none else int(np.argmax(weighing.open))
