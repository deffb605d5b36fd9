"""What a worker counts for Prometheus, gathered in plain numbers and handed over once a second.

Prometheus takes each increment under a lock and, with several workers, into a mapped file; a decision makes fifteen.
"""

import asyncio
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from decision.engine.request import Decision, Shadow
from decision.logs import log
from decision.metrics import (
    ANSWERS,
    DECISIONS,
    DEGRADED,
    REASONS,
    SECONDS_BOUNDS,
    SHADOW,
    VOLUME_LEFT,
    counter,
    decision_seconds,
)
from rules.volume import VolumePlace

HAND_OVER_SECONDS = 1.0
"""How far the figures of another worker may be behind."""


class _Tally:
    """What one placement's decisions came to."""

    def __init__(self) -> None:
        self.groups: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.shown: Counter[tuple[str, ...]] = Counter()
        self.shadows: Counter[bool] = Counter()
        self.buckets = [0] * (len(SECONDS_BOUNDS) + 1)
        self.seconds = 0.0


class Figures:
    """Tallies since the last hand-over; for one thread."""

    def __init__(self) -> None:
        self._placements: defaultdict[str, _Tally] = defaultdict(_Tally)
        self._causes: Counter[str] = Counter()
        self._statuses: Counter[int] = Counter()
        self._left: dict[tuple[str, str, str], int] = {}

    def decided(self, placement: str, decision: Decision, seconds: float) -> None:
        """A decision was answered after so many seconds."""
        tally = self._placements[placement]
        tally.groups[decision.group] += 1
        tally.buckets[bisect_left(SECONDS_BOUNDS, seconds)] += 1
        tally.seconds += seconds
        for cause in decision.degraded:
            self._causes[cause] += 1
        for reason, number in decision.counts.items():
            tally.reasons[reason] += number
        for shown in decision.offers:
            tally.shown[shown.reasons] += 1

    def shadowed(self, placement: str, shadow: Shadow) -> None:
        """A challenger was asked about a decision."""
        self._placements[placement].shadows[shadow.agrees] += 1

    def answered(self, status: int) -> None:
        """A call was answered with a status code."""
        self._statuses[status] += 1

    def left(self, place: VolumePlace, units: int) -> None:
        """So many units are left at a volume place."""
        self._left[place.limit.id, place.channel or "", place.value or ""] = units

    def hand_over(self) -> None:
        """Give Prometheus all that was gathered, and begin anew; what it does not take is lost, not counted twice."""
        placements, causes, statuses = self._placements, self._causes, self._statuses
        self._placements, self._causes, self._statuses = defaultdict(_Tally), Counter(), Counter()
        left, self._left = self._left, {}
        for placement, tally in placements.items():
            for group, number in tally.groups.items():
                counter(DECISIONS, placement, group).inc(number)
            for reasons, number in tally.shown.items():
                for reason in reasons:
                    tally.reasons[reason] += number
            for reason, number in tally.reasons.items():
                counter(REASONS, placement, reason).inc(number)
            for agrees, number in tally.shadows.items():
                counter(SHADOW, placement, "yes" if agrees else "no").inc(number)
            decision_seconds(placement).add(tally.buckets, tally.seconds)
        for cause, number in causes.items():
            counter(DEGRADED, cause).inc(number)
        for status, number in statuses.items():
            counter(ANSWERS, str(status)).inc(number)
        for labels, units in left.items():
            VOLUME_LEFT.labels(*labels).set(units)

    @asynccontextmanager
    async def handing_over(self) -> AsyncIterator[None]:
        """Hand over every second, and once more at the end."""
        task = asyncio.create_task(self._hand_over_often())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            self._hand_over_safely()

    async def _hand_over_often(self) -> None:
        while True:
            await asyncio.sleep(HAND_OVER_SECONDS)
            self._hand_over_safely()

    def _hand_over_safely(self) -> None:
        try:
            self.hand_over()
        except Exception as error:
            # A full disk under the workers' shared figures, say, must cost neither later figures nor the shutdown.
            log.error("figures_not_handed_over", exc_info=error)


figures = Figures()
"""Those of this process."""
