"""Would it have earned more than the champion, and nowhere much less?"""

from math import isnan

from scipy.stats import norm

from models.gate import Check
from rules.promotion import Promotion
from training.evaluation.gain import Gain
from training.promotion.checks.accuracy import Losses, interval


def check_gain(gain: Gain, bounds: Promotion, beside: str = "the champion", left: tuple[str, ...] = ()) -> Check:
    """What the gain is at least must be above the margin, a share of what the champion is worth.

    It is told of what happened at other placements than those `left` out.
    """
    if isnan(gain.low):
        return Check("gain", False, f"What it would have earned cannot be told: {gain.refusal or 'too few decisions'}.")
    bound = bounds.margin * abs(gain.beside)
    said = (
        f"{gain.value:+.4g} per decision over {beside}, worth {gain.beside:.4g} "
        f"({gain.low:+.4g} at least with {bounds.confidence:.0%} confidence, {gain.decisions:,} decisions)."
    )
    if left:
        said += f" Not told at {', '.join(map(repr, left))}, where the log did too rarely what either would do."
    return Check("gain", gain.low > bound, said, gain.low, bound)


def check_untold(gain: Gain, losses: Losses, confidence: float) -> Check:
    """Where the log cannot tell a gain: its losses must be shown to be smaller than the champion's."""
    _, most = interval(losses.own - losses.champion, losses.cluster, float(norm.ppf(confidence)))
    said = (
        f"What it would have earned cannot be told: {gain.refusal or 'too few decisions'}. For what was shown its loss "
        f"is {losses.own.mean():.5g} and the champion's {losses.champion.mean():.5g}: {most:+.2g} at most with "
        f"{confidence:.0%} confidence."
    )
    return Check("gain", most < 0.0, said, most, 0.0)


def check_part(name: str, gain: Gain, bounds: Promotion, tried: bool) -> Check:
    """In a channel or a segment it must not be shown to lose more than a share of what the champion earns there.

    Where the log never `tried` what it would do, it must not be let loose; where there is but little of it, no loss can
    be told from chance.
    """
    if isnan(gain.value):
        said = f"Not told, of {gain.decisions:,} decisions: {gain.refusal or 'too few'}."
        return Check(name, tried, said)
    bound = -bounds.loss * abs(gain.beside)
    reach = 0.0 if isnan(gain.standard_error) else float(norm.ppf(bounds.confidence)) * gain.standard_error
    figure = gain.value + reach
    said = (
        f"{gain.value:+.4g} per decision over the champion's {gain.beside:.4g}, {figure:+.4g} at most with "
        f"{bounds.confidence:.0%} confidence ({gain.decisions:,} decisions)."
    )
    return Check(name, figure >= bound, said, figure, bound)


def check_untold_part(part: Check, losses: Losses, confidence: float) -> Check:
    """A channel or a segment of which no gain is told either: there its losses must not be shown to be larger."""
    if not len(losses.own):
        return part
    least, _ = interval(losses.own - losses.champion, losses.cluster, float(norm.ppf(confidence)))
    said = f"{part.said} Its loss there is {losses.own.mean():.5g} and the champion's {losses.champion.mean():.5g}."
    return Check(part.name, part.passed and least <= 0.0, said, least, 0.0)
