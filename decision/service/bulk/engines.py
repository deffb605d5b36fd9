"""Where the tasks of a bulk are weighed: in processes of their own, or here while there are none."""

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from decision.engine.snapshot import Snapshot
from decision.logs import log
from decision.service.bulk.engine_frame import Outcomes
from decision.service.bulk.engine_handle import EngineHandle
from decision.service.bulk.passage import Passage
from decision.service.bulk.task import Task, weigh_task
from decision.version.versions import Versions
from rules.errors import ConciergeError

WORTH = 24
"""A batch of so many tasks is worth starting the processes; what asks for less is answered before they are there.

Well under a batch of lines: bad ones, and customers who stand in it twice, make no task."""

RESTART_SECONDS = 1.0
"""How long after a process died another one takes its place."""

MOST_RESTART_SECONDS = 60.0
"""The same once it failed again and again: starting one costs seconds of a core."""

IDLE_SECONDS = 300.0
"""How long processes without work stay: campaigns come in bursts."""


class Engines(Protocol):
    """Weighs batches of tasks."""

    @property
    def processes(self) -> int:
        """How many batches are weighed at the same time."""
        ...

    async def weigh(self, snapshot: Snapshot, tasks: list[Task]) -> Outcomes:
        """What becomes of each task, in order."""
        ...

    async def close(self) -> None:
        """End what was started."""
        ...


class LocalEngine:
    """Weighs tasks in this process: one at a time, and in between everybody else has a turn."""

    processes = 1

    def __init__(self, passage: Passage) -> None:
        self._passage = passage

    async def weigh(self, snapshot: Snapshot, tasks: list[Task]) -> Outcomes:
        """What becomes of each task, in order."""
        outcomes = []
        for task in tasks:
            await self._passage.take()
            outcomes.append(weigh_task(snapshot, task))
        return outcomes

    async def close(self) -> None:
        """Nothing was started."""


class EngineProcesses:
    """Weighs tasks in processes that are started by the first large batch, and here until they are ready.

    A batch whose process dies is weighed here, for nothing of it has been stored yet, and the process is started anew,
    more and more seldom while it does not become ready. Once there was no batch for `idle_seconds` they end, and give
    back their memory. `served` gives the snapshot that a
    process should know when it begins.
    """

    def __init__(
        self,
        versions: Versions,
        served: Callable[[], Snapshot | None],
        processes: int,
        passage: Passage,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self.processes = processes
        self.ready: list[EngineHandle] = []
        self._versions = versions
        self._served = served
        self._idle_seconds = idle_seconds
        self._here = LocalEngine(passage)
        self._used = 0.0
        self._tending: set[asyncio.Task[None]] = set()

    async def weigh(self, snapshot: Snapshot, tasks: list[Task]) -> Outcomes:
        """What becomes of each task, in order."""
        self._used = asyncio.get_running_loop().time()
        while len(tasks) >= WORTH and len(self._tending) < self.processes:
            tending = asyncio.create_task(self._tend())
            self._tending.add(tending)
            tending.add_done_callback(self._tending.discard)
        if self.ready:
            try:
                return await min(self.ready, key=lambda each: each.load).weigh(snapshot, tasks)
            except ConciergeError as error:
                log.warning("bulk_weighed_by_worker", tasks=len(tasks), error=str(error))
        return await self._here.weigh(snapshot, tasks)

    async def close(self) -> None:
        """End the processes."""
        tending = list(self._tending)
        for each in tending:
            each.cancel()
        await asyncio.gather(*tending, return_exceptions=True)

    async def _tend(self) -> None:
        """Keep one process running for as long as there is something to do."""
        rest = RESTART_SECONDS
        while True:
            engine = EngineHandle(self._versions)
            try:
                async with engine:
                    if (snapshot := self._served()) is not None:
                        await engine.learn(snapshot)
                        del snapshot
                    log.info("engine_process_ready", process=engine.process)
                    rest = RESTART_SECONDS
                    self._used = asyncio.get_running_loop().time()
                    self.ready.append(engine)
                    try:
                        idle = await self._idle_or_gone(engine)
                    finally:
                        self.ready.remove(engine)
                if idle:
                    return
                log.error("engine_process_died", process=engine.process)
            except (OSError, ConciergeError) as error:
                log.error("engine_process_failed", error=str(error))
            await asyncio.sleep(rest)
            rest = min(2.0 * rest, MOST_RESTART_SECONDS)
            if self._left() <= 0:
                return

    async def _idle_or_gone(self, engine: EngineHandle) -> bool:
        """Wait until there is nothing to do any more, or the process has died; says whether it was the former."""
        while (left := self._left()) > 0 or engine.load:
            with suppress(TimeoutError):
                await asyncio.wait_for(engine.gone.wait(), max(left, RESTART_SECONDS))
                return False
        return True

    def _left(self) -> float:
        """For how many seconds processes stay if nothing is asked any more."""
        return self._used + self._idle_seconds - asyncio.get_running_loop().time()


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
