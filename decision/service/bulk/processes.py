"""The processes that answer a bulk's batches, as many as there are cores for them."""

import asyncio
import os
from contextlib import suppress

from decision.logs import log
from decision.service.bulk.frame import Batch
from decision.service.bulk.passage import Passage
from decision.service.bulk.process import BulkProcess
from rules.errors import ConciergeError

WORTH = 24
"""A batch of so many lines is worth starting the processes; what asks for less is answered before they are there."""

RESTART_SECONDS = 1.0
"""How long after a process died another one takes its place."""

MOST_RESTART_SECONDS = 60.0
"""The same once it failed again and again: starting one costs seconds of a core."""

IDLE_SECONDS = 300.0
"""How long processes without work stay: campaigns come in bursts."""

AT_EACH = 3
"""How many batches of one bulk keep a process busy: one that is decided, one that is stored, and one that waits."""

HERE = 4
"""How many batches of one bulk its worker has under way where it has to decide them itself."""


class BulkProcesses:
    """Answers batches in processes that are started by the first large one, one after another.

    A process that dies is started anew, more and more seldom while it does not become ready. Once there was no batch
    for `idle_seconds` they end, and give back their memory. Batches are sent through the `passage`.
    """

    def __init__(self, processes: int, passage: Passage, idle_seconds: float = IDLE_SECONDS) -> None:
        self.processes = processes
        self.ready: list[BulkProcess] = []
        self._passage = passage
        self._idle_seconds = idle_seconds
        self._used = 0.0
        self._tending: set[asyncio.Task[None]] = set()
        self._starting = asyncio.Lock()

    @property
    def window(self) -> int:
        """How many batches of one bulk keep everybody busy."""
        return max(HERE, AT_EACH * self.processes)

    async def answer(self, batch: Batch) -> bytes | None:
        """The answers to a batch; None where its worker has to decide it.

        That is where it is small, or nothing is served, or no process is ready. What a process that dies had begun is
        decided again: of its last batches some decisions may be made twice.
        """
        if len(batch.lines) < WORTH or not batch.serving:
            return None
        self._used = asyncio.get_running_loop().time()
        while len(self._tending) < self.processes:
            tending = asyncio.create_task(self._tend())
            self._tending.add(tending)
            tending.add_done_callback(self._tending.discard)
        await self._passage.take()
        while self.ready:
            try:
                return await min(self.ready, key=lambda each: each.load).answer(batch)
            except ConciergeError as error:
                log.warning("bulk_batch_again", lines=len(batch.lines), error=str(error))
                await asyncio.sleep(0)
        return None

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
            process = BulkProcess()
            try:
                # One after another: until it is ready, a process takes a core like anybody else.
                async with self._starting:
                    await process.start()
                log.info("bulk_process_ready", process=process.number)
                rest = RESTART_SECONDS
                self._used = asyncio.get_running_loop().time()
                self.ready.append(process)
                try:
                    idle = await self._idle_or_gone(process)
                finally:
                    self.ready.remove(process)
                if idle:
                    return
                log.error("bulk_process_died", process=process.number)
            except (OSError, ConciergeError) as error:
                log.error("bulk_process_failed", error=str(error))
            finally:
                await process.close()
            await asyncio.sleep(rest)
            rest = min(2.0 * rest, MOST_RESTART_SECONDS)
            if self._left() <= 0:
                return

    async def _idle_or_gone(self, process: BulkProcess) -> bool:
        """Wait until there is nothing to do any more, or the process has died; says whether it was the former."""
        while (left := self._left()) > 0 or process.load:
            with suppress(TimeoutError):
                await asyncio.wait_for(process.gone.wait(), max(left, RESTART_SECONDS))
                return False
        return True

    def _left(self) -> float:
        """For how many seconds processes stay if nothing is asked any more."""
        return self._used + self._idle_seconds - asyncio.get_running_loop().time()


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
