"""Recency, frequency and monetary figures of an activity."""

from decision.subject.profile import ActivityFigures
from rules.ids import Instant

DAY = 86_400_000


def happened(figures: ActivityFigures | None, at: Instant, value: float | None) -> ActivityFigures:
    """The figures after the activity happened once more, worth `value` (nothing when unknown)."""
    return combine(figures, ActivityFigures(1, value or 0.0, at))


def combine(first: ActivityFigures | None, second: ActivityFigures) -> ActivityFigures:
    """Both figures together; the order of the arguments does not matter."""
    if first is None:
        return second
    return ActivityFigures(
        first.count + second.count, first.value + second.value, Instant(max(first.last, second.last))
    )


def recency(figures: ActivityFigures, now: Instant) -> float:
    """Days since the activity happened last, never below zero."""
    return max(now - figures.last, 0) / DAY
