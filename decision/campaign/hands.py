"""The processes that work on a campaign, started when they are needed and again when they die."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from rules.errors import Unavailable

RESTARTS = 5
"""How often processes are started anew in a row without anything done in between."""

Result = TypeVar("Result")


class Crew(msgspec.Struct, frozen=True, eq=False):
    """Who works: `hire` gives an executor of `size` processes; `died` is what it raises when one is gone for good.

    `lend` brings something large to processes that have no disk in common with this one; None where they have.
    """

    hire: Callable[[], Executor]
    size: int
    died: type[Exception] = BrokenExecutor
    lend: Callable[[bytes], Any] | None = None


class Hands:
    """A crew at work, inside `with`; `tell` is told in a sentence when a process dies, `name` is what they work on."""

    def __init__(self, crew: Crew, tell: Callable[[str], None], name: str = "campaign") -> None:
        self._crew = crew
        self._tell = tell
        self._name = name
        self._executor: Executor | None = None
        self._restarts = 0

    def __enter__(self) -> "Hands":
        return self

    def __exit__(self, *_: object) -> None:
        if self._executor is not None:
            self._executor.shutdown()

    @property
    def size(self) -> int:
        """How many processes there are."""
        return self._crew.size

    @property
    def executor(self) -> Executor:
        """The executor that works now."""
        self._executor = self._executor or self._crew.hire()
        return self._executor

    def lend(self, blob: bytes, file: Path) -> Any:
        """What a task is given in place of something large, so that it is not sent with each: it gets bytes, or a path.

        Where processes share a disk with this one, it is written to the file.
        """
        if self._crew.lend is not None:
            return self._crew.lend(blob)
        file.write_bytes(blob)
        return file

    async def work(
        self,
        chunks: Sequence[int],
        submit: Callable[[Executor, int], Future[Result]],
        land: Callable[[int, Result], Awaitable[None]],
        stopping: asyncio.Event,
        ready: Callable[[], Awaitable[None]] | None = None,
    ) -> bool:
        """Have all chunks done, and what each gave landed; False when told to stop before, what was begun is landed.

        What a process that dies had begun is begun again. Before more is begun, `ready` is waited for.
        """
        left = list(reversed(chunks))
        under_way: dict[asyncio.Future[Result], tuple[int, Executor]] = {}
        try:
            while (left and not stopping.is_set()) or under_way:
                if ready is not None:
                    await ready()
                # One more than there are processes, so that none waits for us.
                while left and len(under_way) <= self.size and not stopping.is_set():
                    chunk, executor = left.pop(), self.executor
                    under_way[asyncio.wrap_future(self._submitted(submit, executor, chunk))] = chunk, executor
                if not under_way:
                    # Told to stop while it was waited for.
                    break
                done, _ = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                for future in done:
                    chunk, executor = under_way.pop(future)
                    try:
                        result = future.result()
                    except self._crew.died as error:
                        self._lose(executor, error)
                        left.append(chunk)
                        continue
                    await land(chunk, result)
                    self._restarts = 0
        finally:
            for future in under_way:
                future.cancel()
        return not left

    def _submitted(
        self, submit: Callable[[Executor, int], Future[Result]], executor: Executor, chunk: int
    ) -> Future[Result]:
        try:
            return submit(executor, chunk)
        except self._crew.died as error:
            failed: Future[Result] = Future()
            failed.set_exception(error)
            return failed

    def _lose(self, executor: Executor, error: Exception) -> None:
        """A process died, and with it the executor, with all that it had begun."""
        if executor is not self._executor:
            return
        executor.shutdown(wait=False)
        self._executor = None
        self._restarts += 1
        if self._restarts > RESTARTS:
            raise Unavailable(
                f"The {self._name}'s processes died {self._restarts} times in a row; look whether memory is short, "
                "then run the same command again to go on."
            ) from error
        self._tell(f"A process of the {self._name} died; what it had begun is begun again.")
