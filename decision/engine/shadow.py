"""The shadow: what the challenger would have done with a decision that the champion makes; nobody is shown it."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from decision.engine.request import Shadow
from decision.engine.slate import Slate
from decision.engine.weighing import Weighing


def shadow_of(weighing: Weighing, slate: Slate) -> Shadow | None:
    """The challenger's figures for candidates that were weighed; None without one, or where no model was asked.

    What is liked best has the best score, whatever exploration, prices and limits of the slate make of that.
    """
    placement, open = weighing.placement, weighing.open
    challenger = placement.challenger
    if challenger is None or challenger.version is None or not len(weighing.screening.rows):
        return None
    if not placement.needs_model or "model" in weighing.degraded:
        return None
    prediction = challenger.bound.predict(weighing.features, weighing.screening.rows)
    parts, on = weighing.parts, placement.bound.spec.arbitration
    plain = parts.optimism is None and weighing.terms.prices is None
    # Optimism is about what little the champion knows, and prices are a campaign's.
    own = parts if plain else msgspec.structs.replace(parts, optimism=None)
    if placement.bound.goal.objective == "response":
        other = msgspec.structs.replace(own, propensity=prediction)
    else:
        other = msgspec.structs.replace(own, value=prediction)
    liked = _best(weighing, weighing.scores if plain else own.scores(on, open))
    first = _best(weighing, other.scores(on, open))
    return Shadow(
        challenger.version,
        None if first is None else placement.bound.offers.ids[first],
        first == liked,
        tuple(prediction[slate.drawn].tolist()),
    )


def _best(weighing: Weighing, scores: NDArray[np.float64]) -> int | None:
    """The first of the best open candidates; None where showing nothing is better."""
    best = int(scores.argmax())
    if scores[best] > 0.0:
        return best
    return None if weighing.may_show_none else int(weighing.open.argmax())
