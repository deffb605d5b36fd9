"""Whether this worker can decide."""

from decision.service.answer import HealthAnswer
from decision.service.refreshing import Refresher
from decision.store.port import Store
from rules.errors import Unavailable


class Health:
    """What a load balancer and the operator at night ask."""

    def __init__(self, store: Store, refresher: Refresher) -> None:
        self._store = store
        self._refresher = refresher
        self._draining = False

    def drain(self) -> None:
        """From now on this worker is not ready, so that no new calls are sent to it."""
        self._draining = True

    async def look(self) -> HealthAnswer:
        """Ready means: a catalogue is served and the store answers; without the store decisions are fallbacks."""
        try:
            await self._store.ping()
            store = True
        except Unavailable:
            store = False
        snapshot = self._refresher.snapshot
        problems = [f"{what}: {why}" for what, why in self._refresher.problems.items()]
        if snapshot is None:
            problems.append("catalogue: none is published; run `concierge publish DIR`")
        if not store:
            problems.append("store: it does not answer; decisions are fallbacks until it does")
        if self._draining:
            problems.append("worker: it is shutting down")
        return HealthAnswer(
            ready=store and snapshot is not None and not self._draining,
            store=store,
            catalogue=None if snapshot is None else snapshot.catalogue.version,
            models={goal: model.version for goal, model in self._refresher.models.items()},
            problems=tuple(problems),
        )
