"""What was found when the models in use were looked at last, for those who ask this worker."""

from decision.care.report import CareReport, decode_report
from decision.clock import Clock
from decision.keys import CARE_REPORT
from decision.service.refreshing import Refresher
from decision.store.port import Store
from rules.instant import format_instant

DAY = 86_400_000


class CareNews:
    """Reads the report that the sink's process leaves in the store."""

    def __init__(self, store: Store, refresher: Refresher, clock: Clock) -> None:
        self._store = store
        self._refresher = refresher
        self._clock = clock

    async def latest(self) -> CareReport | None:
        """The last report; None while there is none. Raises `Unavailable` while the store is away."""
        (blob,) = await self._store.get_many([CARE_REPORT])
        return None if blob is None else decode_report(blob)

    def warnings(self, report: CareReport | None) -> tuple[str, ...]:
        """What of a report concerns the models served here, and whether it is from yesterday."""
        if report is None:
            return ()
        served = {goal: model.version for goal, model in self._refresher.models.items()}
        told = [f"decisions: {sentence}" for sentence in report.warnings]
        for goal, found in report.goals.items():
            if served.get(goal) == found.version:
                told += [f"model {goal}: {sentence}" for sentence in found.warnings]
        if self._clock() - report.made > DAY:
            when = format_instant(report.made)
            told.append(f"care: nobody has looked at the models since {when}; is `concierge sink` running?")
        return tuple(told)
