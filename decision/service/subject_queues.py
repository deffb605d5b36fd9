"""Queues, one for each subject: whoever comes first is served first, however many batches ask for it."""

import asyncio
from collections import deque

from decision.keys import SubjectId


class SubjectQueues:
    """Who is being served, and who waits behind, by subject.

    Unlike a lock for each, a whole batch is queued at once, and who need not wait goes on without the others.
    """

    def __init__(self) -> None:
        self._queues: dict[SubjectId, deque[asyncio.Future[None]]] = {}

    def join(self, subject: SubjectId) -> asyncio.Future[None]:
        """A place at the end of the queue; it is done once it is the first."""
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue = self._queues.setdefault(subject, deque())
        queue.append(place)
        if len(queue) == 1:
            place.set_result(None)
        return place

    def leave(self, subject: SubjectId, place: asyncio.Future[None]) -> None:
        """Give up a place, served or not; who is the first after that is served."""
        queue = self._queues[subject]
        queue.remove(place)
        if not queue:
            del self._queues[subject]
        elif not queue[0].done():
            queue[0].set_result(None)
