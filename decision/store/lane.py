"""Group commit: what callers ask one by one travels to the server together."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Generic, TypeVar

from decision.store.port import Silent
from rules.errors import Unavailable

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

REST_SECONDS = 1.0
"""How long a store that did not answer in time is left alone."""


class Lane(Generic[Asked, Answer]):
    """Gathers what is asked in one loop tick, and all that is asked while `flights` batches are under way.

    `run` takes what at most `most` callers ask, in one list, and gives one answer for each thing, in order. When it
    fails with `Unavailable`, everybody who waits gets it at once: nobody queues behind a store that does not answer.

    After a `Silent` nobody waits for `rest` seconds; then one flight finds out whether it speaks again, and whoever
    asks meanwhile waits for that, for as long as their own deadlines allow.
    """

    def __init__(
        self,
        run: Callable[[list[Asked]], asyncio.Future[list[Answer]]],
        flights: int,
        most: int,
        rest: float = REST_SECONDS,
    ) -> None:
        self._run = run
        self._flights = flights
        self._most = most
        self._waiting: list[tuple[Sequence[Asked], asyncio.Future[list[Answer]]]] = []
        self._scheduled = False
        self._flying: set[asyncio.Future[list[Answer]]] = set()
        self._rest = rest
        self._silence: Silent | None = None
        self._wakes = 0.0

    def ask(self, asked: Sequence[Asked]) -> asyncio.Future[list[Answer]]:
        """A future for one answer to each thing asked; cancelling it does not recall what was already sent."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[list[Answer]] = loop.create_future()
        if not asked:
            future.set_result([])
            return future
        if self._silence is not None and loop.time() < self._wakes:
            future.set_exception(Silent(str(self._silence)))
            return future
        self._waiting.append((asked, future))
        if not self._scheduled and self._free:
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

    @property
    def _free(self) -> bool:
        return len(self._flying) < (self._flights if self._silence is None else 1)

    def _depart(self) -> None:
        self._scheduled = False
        while self._waiting and self._free:
            batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            try:
                flight = self._run([one for asked, _ in batch for one in asked])
            except Exception as error:
                flight = asyncio.get_running_loop().create_future()
                flight.set_exception(error)
            self._flying.add(flight)
            flight.add_done_callback(partial(self._land, batch))

    def _land(
        self,
        batch: list[tuple[Sequence[Asked], asyncio.Future[list[Answer]]]],
        flight: asyncio.Future[list[Answer]],
    ) -> None:
        self._flying.discard(flight)
        error = Unavailable("The store was closed.") if flight.cancelled() else flight.exception()
        if error is None:
            self._silence = None
            answers, first = flight.result(), 0
            for asked, future in batch:
                last = first + len(asked)
                if not future.done():
                    future.set_result(answers[first:last])
                first = last
        else:
            if isinstance(error, Unavailable):
                batch, self._waiting = batch + self._waiting, []
            if isinstance(error, Silent):
                self._silence, self._wakes = error, flight.get_loop().time() + self._rest
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
        if self._waiting and not self._scheduled:
            self._depart()
