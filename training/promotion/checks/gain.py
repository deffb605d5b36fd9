"""Would it have earned more than the champion, and nowhere much less?"""

from math import isnan

from models.gate import Check
from rules.promotion import Promotion
from training.evaluation.gain import Gain


def check_gain(gain: Gain, bounds: Promotion) -> Check:
    """The lower end of the gain's interval must be above the margin, a share of what the champion is worth."""
    if isnan(gain.low):
        return Check("gain", False, f"What it would have earned cannot be told: {gain.refusal or 'too few decisions'}.")
    bound = bounds.margin * abs(gain.beside)
    said = (
        f"{gain.value:+.4g} per decision over the champion's {gain.beside:.4g} "
        f"({gain.low:+.4g} to {gain.high:+.4g} with {bounds.confidence:.0%} confidence, {gain.decisions:,} decisions)."
    )
    return Check("gain", gain.low > bound, said, gain.low, bound)


def check_part(name: str, gain: Gain, loss: float) -> Check:
    """In a channel or a segment the interval must not lie below a loss of this share of what the champion earns there.

    A part is often too small to prove a gain in, so it is the loss that must be proven.
    """
    if isnan(gain.high):
        said = f"No loss can be told from chance in {gain.decisions:,} decisions: {gain.refusal or 'too few'}."
        return Check(name, True, said)
    bound = -loss * abs(gain.beside)
    said = (
        f"{gain.value:+.4g} per decision over the champion's {gain.beside:.4g} "
        f"({gain.low:+.4g} to {gain.high:+.4g}, {gain.decisions:,} decisions)."
    )
    return Check(name, gain.high >= bound, said, gain.high, bound)
