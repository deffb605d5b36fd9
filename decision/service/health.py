"""Whether this worker can decide."""

from decision.care.report import CareReport
from decision.service.answer import HealthAnswer
from decision.service.care import CareNews
from decision.service.deadline import Deadline
from decision.service.refreshing import Refresher
from decision.store.port import Store
from rules.errors import Unavailable

PATIENCE_SECONDS = 0.5


class Health:
    """What a load balancer and the operator at night ask."""

    def __init__(self, store: Store, refresher: Refresher, care: CareNews) -> None:
        self._store = store
        self._refresher = refresher
        self._care = care

    async def look(self) -> HealthAnswer:
        """Ready means that a catalogue is served: while the store is away, fallbacks still need somebody to send them.

        The store is given no longer than a load balancer's patience. Warnings are about what is served well enough, but
        should be looked at by day.
        """
        report: CareReport | None = None
        try:
            with Deadline(PATIENCE_SECONDS).waiting():
                await self._store.ping()
                report = await self._care.latest()
            store = True
        except (Unavailable, TimeoutError):
            store = False
        snapshot = self._refresher.snapshot
        problems = [f"{what}: {why}" for what, why in self._refresher.problems.items()]
        if snapshot is None:
            problems.append("catalogue: none is published; run `concierge publish DIR`")
        if not store:
            problems.append("store: it does not answer; decisions are fallbacks until it does")
        return HealthAnswer(
            ready=snapshot is not None,
            store=store,
            catalogue=None if snapshot is None else snapshot.catalogue.version,
            models={goal: model.version for goal, model in self._refresher.models.items()},
            problems=tuple(problems),
            warnings=self._care.warnings(report),
        )
