"""Turns: what one process does with one subject happens one after another, instead of failing against each other."""

import asyncio
from collections import deque
from types import TracebackType

from decision.keys import SubjectId

_Queues = dict[SubjectId, deque["asyncio.Future[None]"] | None]
"""Who waits for the next turn, by each subject that somebody has the turn of; None until somebody waits."""


class Turns:
    """Whose turn it is, for each subject that somebody works on."""

    def __init__(self) -> None:
        self._queues: _Queues = {}

    def of(self, subject: SubjectId) -> "Turn":
        """A turn to take, or a context to have it in."""
        return Turn(self._queues, subject)


class Turn:
    """One turn of a subject; they are taken in the order they were asked for."""

    __slots__ = ("_queues", "_subject")

    def __init__(self, queues: _Queues, subject: SubjectId) -> None:
        self._queues = queues
        self._subject = subject

    def take_if_free(self) -> bool:
        """Take the turn unless somebody else has it."""
        if self._subject in self._queues:
            return False
        self._queues[self._subject] = None
        return True

    def queue(self) -> "asyncio.Future[None]":
        """A place among those who wait, done once the turn is ours; whoever gives up before that cancels it."""
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.take_if_free():
            place.set_result(None)
        else:
            queue = self._queues[self._subject]
            if queue is None:
                queue = self._queues[self._subject] = deque()
            queue.append(place)
        return place

    async def take(self) -> None:
        """Wait for the turn."""
        place = self.queue()
        try:
            await place
        except asyncio.CancelledError:
            # It may have been given to us in the very moment in which we gave up.
            if not place.cancelled():
                self.give()
            raise

    def give(self) -> None:
        """Leave the turn to the next one who still waits for it."""
        queue = self._queues[self._subject]
        while queue:
            place = queue.popleft()
            if not place.done():
                place.set_result(None)
                return
        del self._queues[self._subject]

    async def __aenter__(self) -> None:
        await self.take()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.give()
