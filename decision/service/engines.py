"""Where the tasks of a bulk are weighed: in processes of their own, or here while there are none."""

import asyncio
import os
from typing import Protocol

from decision.engine.snapshot import Snapshot
from decision.logs import log
from decision.service.engine_frame import Outcomes
from decision.service.engine_handle import EngineHandle
from decision.service.task import Task, weigh_task
from decision.version.versions import Versions
from rules.errors import ConciergeError

WORTH = 64
"""A batch of so many tasks is worth starting the processes; what asks for less is answered before they are there."""

RESTART_SECONDS = 1.0
"""How long after a process died another one takes its place."""


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

    def __init__(self) -> None:
        self._turn = asyncio.Lock()

    async def weigh(self, snapshot: Snapshot, tasks: list[Task]) -> Outcomes:
        """What becomes of each task, in order."""
        outcomes = []
        for task in tasks:
            async with self._turn:
                await asyncio.sleep(0)
                outcomes.append(weigh_task(snapshot, task))
        return outcomes

    async def close(self) -> None:
        """Nothing was started."""


class EngineProcesses:
    """Weighs tasks in processes that are started with the first large batch, and here until they are ready.

    A batch whose process dies is weighed here, for nothing of it has been stored yet; the process is started anew.
    """

    def __init__(self, versions: Versions, processes: int) -> None:
        self.processes = processes
        self._versions = versions
        self._here = LocalEngine()
        self._ready: list[EngineHandle] = []
        self._tending: list[asyncio.Task[None]] = []

    async def weigh(self, snapshot: Snapshot, tasks: list[Task]) -> Outcomes:
        """What becomes of each task, in order."""
        if not self._tending and len(tasks) >= WORTH:
            self._tending = [asyncio.create_task(self._tend(snapshot)) for _ in range(self.processes)]
        if self._ready:
            engine = min(self._ready, key=lambda each: each.load)
            try:
                return await engine.weigh(snapshot, tasks)
            except ConciergeError as error:
                log.warning("bulk_weighed_in_worker", tasks=len(tasks), error=str(error))
        return await self._here.weigh(snapshot, tasks)

    async def close(self) -> None:
        """End the processes."""
        for tending in self._tending:
            tending.cancel()
        await asyncio.gather(*self._tending, return_exceptions=True)

    async def _tend(self, snapshot: Snapshot) -> None:
        """Keep one process running."""
        while True:
            engine = EngineHandle(self._versions)
            try:
                await engine.start()
                try:
                    await engine.learn(snapshot)
                    self._ready.append(engine)
                    log.info("engine_process_ready", process=engine.process)
                    await engine.gone.wait()
                finally:
                    if engine in self._ready:
                        self._ready.remove(engine)
                    await engine.close()
                log.error("engine_process_died", process=engine.process)
            except (OSError, ConciergeError) as error:
                log.error("engine_process_failed", error=str(error))
            await asyncio.sleep(RESTART_SECONDS)


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
