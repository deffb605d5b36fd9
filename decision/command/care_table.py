"""What was found when a model was looked at last, for people."""

from collections.abc import Iterable

from rich.table import Column, Table

from decision.care.ledger import DAY
from decision.care.report import EVIDENCE_BOUNDS, CareReport, GoalCare
from decision.care.shadows import Shadows
from models.importance import Importance
from models.reference import Stability
from rules.care import Care
from rules.instant import format_instant

MOST = 15
"""Features that a table lists, at most."""


def importance_table(found: tuple[Importance, ...]) -> Table:
    """The features that move scores most."""
    title = f"What it looks at{'' if len(found) <= MOST else f', the first {MOST} of {len(found)}'}"
    figures = _figures("Share of gain", "Moves the raw score by")
    table = Table("Feature", "Family", *figures, title=title, title_justify="left")
    for each in found[:MOST]:
        table.add_row(each.feature, each.family, f"{100 * each.gain:.1f} %", f"{each.movement:.3f}")
    return table


def care_lines(report: CareReport, goal: GoalCare, care: Care) -> Iterable[str]:
    """What was found, beside the bound beyond which it is a warning."""
    looked = f"looked at {format_instant(report.made)}, with the journal up to {format_instant(report.present)}"
    warned = [*goal.warnings, *(f"decisions: {sentence}" for sentence in report.warnings)]
    yield f"{looked}: {len(warned)} warning{'s' * (len(warned) != 1)}"
    yield from (f"  ! {sentence}" for sentence in warned)
    if goal.trained:
        yield f"age: {(report.made - goal.created) / DAY:.1f} days (bound {care.age})"
    without = ", ".join(f"{number} without {cause}" for cause, number in sorted(report.degraded.items()))
    yield (
        f"decisions of the last day, of all goals: {report.decisions}, {report.fallbacks} of them fallbacks"
        f"{', ' if without else ''}{without} (bound {care.degraded:.3g} of all)"
    )
    evidence = goal.evidence
    if evidence is not None:
        below = ", ".join(
            f"{number} below {bound}" for bound, number in zip(EVIDENCE_BOUNDS, evidence.below, strict=True)
        )
        yield (
            f"evidence of {evidence.offers} offers: {below}; {evidence.thin} below {care.evidence} "
            f"(bound {care.thin:.3g} of all)"
        )
        thinnest = ", ".join(f"{offer} {seen}" for offer, seen in evidence.thinnest)
        yield f"least is known of {thinnest}"
    calibrated = goal.calibrated
    if calibrated is not None:
        yield (
            f"calibration: {calibrated.ratio:.3f} times what was predicted came, {calibrated.deviations:+.1f} standard "
            f"errors off (bound: {care.miscalibration:g} away from 1, and 3 standard errors)"
        )
    if goal.prediction is not None:
        yield f"drift of predictions: {_index(goal.prediction)} (bound {care.drift:g})"


def shadow_lines(shadows: Shadows, window: str) -> Iterable[str]:
    """What a challenger would have done, and how its predictions for shown offers compare with what came."""
    if not shadows.decisions:
        yield f"challenger: it was asked about no decision in the journal of the last {window}"
        return
    share = 100 * shadows.agreeing / shadows.decisions
    yield (
        f"challenger: asked about {shadows.decisions} decisions of the last {window}, it liked the same offer best in "
        f"{share:.1f} %"
    )
    held = shadows.held
    if held is not None:
        yield (
            f"of {held.offers} first offers whose window has passed {held.observed:.4g} came each; it predicted "
            f"{held.predicted:.4g} (squared error {held.error:.4g}), the model in use {held.served:.4g} "
            f"({held.served_error:.4g})"
        )


def drift_table(goal: GoalCare, care: Care) -> Table:
    """The features that have shifted most."""
    title = f"Drift of features in {goal.shown} shown offers (bound {care.drift:g})"
    figures = _figures("Stability index", "Chance alone gives up to")
    table = Table("Feature", *figures, "Most of it", title=title, title_justify="left")
    for feature, found in sorted(goal.drift.items(), key=lambda each: -each[1].index)[:MOST]:
        most = "" if found.shift is None or not found.index else str(found.shift)
        table.add_row(feature, f"{found.index:.3f}", f"{found.chance:.3f}", most)
    return table


def calibration_table(goal: GoalCare) -> Table:
    """What was predicted and what came, day by day."""
    figures = _figures("Decisions", "Predicted", "Came")
    table = Table("Day (UTC)", *figures, title="Calibration over time", title_justify="left")
    for day in () if goal.calibrated is None else goal.calibrated.days:
        table.add_row(day.day, str(day.decisions), f"{day.predicted:.4g}", f"{day.observed:.4g}")
    return table


def _index(found: Stability) -> str:
    return f"stability index {found.index:.3f}, by chance up to {found.chance:.3f}"


def _figures(*names: str) -> list[Column]:
    return [Column(name, justify="right") for name in names]
