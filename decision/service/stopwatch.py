"""A stopwatch for the stages of one call."""

from collections.abc import Callable, Mapping

from decision.service.lap import Stage


class Stopwatch:
    """A `Lap` that keeps how long each stage took, from `begun` on; `clock` tells seconds."""

    def __init__(self, clock: Callable[[], float], begun: float) -> None:
        self._clock = clock
        self._last = begun
        self._stages: dict[Stage, float] = {}

    def __call__(self, stage: Stage) -> None:
        """The stage took all the time since the one before; what comes again is added up."""
        now = self._clock()
        self._stages[stage] = self._stages.get(stage, 0.0) + now - self._last
        self._last = now

    @property
    def stages(self) -> Mapping[Stage, float]:
        """Seconds by stage, in the order in which they first ended; together they are all the time that went by."""
        return self._stages
