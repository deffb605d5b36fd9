"""What of a look at the models in use is beyond its bound, as sentences that say what to do."""

from collections.abc import Iterator

from decision.care.ledger import DAY, Served
from decision.care.report import GoalCare
from models.reference import Stability
from rules.care import Care
from rules.duration import parse_duration
from rules.ids import Instant

SURE = 3.0
"""Standard errors by which what came must be off what was predicted."""


def warnings_of(goal: GoalCare, care: Care, now: Instant) -> tuple[str, ...]:
    """What is to be said of the model of one goal."""
    return tuple(_goal_warnings(goal, care, now))


def warnings_of_serving(served: Served, care: Care) -> tuple[str, ...]:
    """What is to be said of how decisions were made in the last day."""
    bound = f"(warned above {_share(care.degraded)} of a day's decisions)"
    troubles = {"were a placement's fallback": served.fallbacks} | {
        f"went without {cause!r}": number for cause, number in sorted(served.degraded.items())
    }
    return tuple(
        f"{_share(number / served.decisions)} of the last day's {served.decisions} decisions {what} {bound}: "
        "look at the log and at the store"
        for what, number in troubles.items()
        if number > care.degraded * served.decisions
    )


def _goal_warnings(goal: GoalCare, care: Care, now: Instant) -> Iterator[str]:
    shifted = {name: found for name, found in goal.drift.items() if found.above(care.drift)}
    for name, found in sorted(shifted.items(), key=lambda each: -each[1].index):
        yield f"feature {name} has drifted {_index(found, care)}: see what feeds it, then train again"
    if goal.prediction is not None and goal.prediction.above(care.drift):
        yield f"the predictions have drifted {_index(goal.prediction, care)}: train again"
    found_calibrated = goal.calibrated
    if (
        found_calibrated is not None
        and abs(found_calibrated.ratio - 1.0) > care.miscalibration
        and abs(found_calibrated.deviations) > SURE
    ):
        yield (
            f"what came is {found_calibrated.ratio:.2f} times what was predicted "
            f"(warned beyond {_share(care.miscalibration)}): train again"
        )
    age = now - goal.created
    if goal.trained and age > parse_duration(care.age):
        yield f"it was trained {age // DAY} days ago (warned after {care.age}): train again"
    evidence = goal.evidence
    if evidence is not None and evidence.thin > care.thin * evidence.offers:
        yield (
            f"{evidence.thin} of {evidence.offers} offers were seen less than {care.evidence} times "
            f"(warned above {_share(care.thin)}): let the placement explore more, or train again"
        )


def _index(found: Stability, care: Care) -> str:
    most = "" if found.shift is None else f"; most of it: {found.shift}"
    return f"(stability index {found.index:.2f}, warned above {care.drift:g}{most})"


def _share(share: float) -> str:
    return f"{100 * share:.3g} %"
