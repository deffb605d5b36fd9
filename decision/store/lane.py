"""Group commit: what callers ask one by one travels to the server together."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from decision.store.port import Silent
from rules.errors import Unavailable

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

REST_SECONDS = 1.0
"""How long a store that did not answer in time is left alone."""


class Lane(Generic[Asked, Answer]):
    """Gathers what is asked in one loop tick, and all that is asked while `flights` batches are under way.

    `run` takes a batch of at most `most` and gives one answer (or exception) for each, in order. When it raises
    `Unavailable`, everybody who waits gets it at once: nobody queues behind a store that does not answer.

    After a `Silent` nobody waits for `rest` seconds; then the first ones who ask find out whether it speaks again, and
    until they know the others still do not wait.
    """

    def __init__(
        self,
        run: Callable[[list[Asked]], Awaitable[list[Answer | Exception]]],
        flights: int,
        most: int,
        rest: float = REST_SECONDS,
    ) -> None:
        self._run = run
        self._flights = flights
        self._most = most
        self._waiting: list[tuple[Asked, asyncio.Future[Answer]]] = []
        self._scheduled = False
        self._flying: set[asyncio.Task[None]] = set()
        self._rest = rest
        self._silence: Silent | None = None
        self._wakes = 0.0

    def ask(self, asked: Asked) -> asyncio.Future[Answer]:
        """A future for the answer; cancelling it does not recall what was already sent."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()
        if self._silence is not None and (self._flying or loop.time() < self._wakes):
            future.set_exception(Silent(str(self._silence)))
            return future
        self._waiting.append((asked, future))
        if not self._scheduled and len(self._flying) < self._flights:
            self._scheduled = True
            loop.call_soon(self._depart)
        return future

    async def drain(self) -> None:
        """Return once nothing is waiting or under way."""
        while self._waiting or self._flying:
            if self._flying:
                await asyncio.wait(self._flying)
            else:
                await asyncio.sleep(0)

    def _depart(self) -> None:
        self._scheduled = False
        while self._waiting and len(self._flying) < self._flights:
            batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            task = asyncio.get_running_loop().create_task(self._fly(batch))
            self._flying.add(task)
            task.add_done_callback(self._land)

    def _land(self, task: asyncio.Task[None]) -> None:
        self._flying.discard(task)
        if self._waiting and not self._scheduled:
            self._depart()

    async def _fly(self, batch: list[tuple[Asked, asyncio.Future[Answer]]]) -> None:
        try:
            answers = await self._run([asked for asked, _ in batch])
        except Unavailable as error:
            if isinstance(error, Silent):
                self._silence, self._wakes = error, asyncio.get_running_loop().time() + self._rest
            waiting, self._waiting = self._waiting, []
            for _, future in (*batch, *waiting):
                if not future.done():
                    future.set_exception(error)
            return
        except BaseException as error:
            for _, future in batch:
                if not future.done():
                    future.set_exception(
                        error if isinstance(error, Exception) else Unavailable("The store was closed.")
                    )
            if not isinstance(error, Exception):
                raise
            return
        self._silence = None
        for (_, future), answer in zip(batch, answers, strict=True):
            if future.done():
                continue
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)
