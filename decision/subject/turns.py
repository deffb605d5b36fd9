"""Turns: what one process does with one subject happens one after another, instead of failing against each other."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from decision.keys import SubjectId


class Turns:
    """A lock for each subject that somebody waits for."""

    def __init__(self) -> None:
        self._locks: dict[SubjectId, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def of(self, subject: SubjectId) -> AsyncIterator[None]:
        """Wait for the subject's turn, and keep it inside the block."""
        lock, waiting = self._locks.get(subject, (asyncio.Lock(), 0))
        self._locks[subject] = (lock, waiting + 1)
        try:
            async with lock:
                yield
        finally:
            lock, waiting = self._locks[subject]
            if waiting == 1:
                del self._locks[subject]
            else:
                self._locks[subject] = (lock, waiting - 1)
