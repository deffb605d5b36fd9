"""Would it have earned more than the champion, and nowhere much less?"""

from math import isnan

from models.gate import Check
from rules.promotion import Promotion
from training.evaluation.gain import Gain


def check_gain(gain: Gain, bounds: Promotion, beside: str = "the champion") -> Check:
    """What the gain is at least must be above the margin, a share of what the champion is worth."""
    if isnan(gain.low):
        return Check("gain", False, f"What it would have earned cannot be told: {gain.refusal or 'too few decisions'}.")
    bound = bounds.margin * abs(gain.beside)
    said = (
        f"{gain.value:+.4g} per decision over {beside}, worth {gain.beside:.4g} "
        f"({gain.low:+.4g} at least with {bounds.confidence:.0%} confidence, {gain.decisions:,} decisions)."
    )
    return Check("gain", gain.low > bound, said, gain.low, bound)


def check_part(name: str, gain: Gain, loss: float, tried: bool) -> Check:
    """In a channel or a segment it may lose this share of what the champion earns there, give or take one error.

    Where the log never `tried` what it would do, it must not be let loose; where there is but little of it, no loss can
    be told from chance.
    """
    if isnan(gain.value):
        said = f"Not told, of {gain.decisions:,} decisions: {gain.refusal or 'too few'}."
        return Check(name, tried, said)
    bound = -loss * abs(gain.beside)
    figure = gain.value if isnan(gain.standard_error) else gain.value + gain.standard_error
    said = (
        f"{gain.value:+.4g} per decision over the champion's {gain.beside:.4g}, give or take {gain.standard_error:.4g} "
        f"({gain.decisions:,} decisions)."
    )
    return Check(name, figure >= bound, said, figure, bound)
