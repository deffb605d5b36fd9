"""Runs a command to its end, and kills it on the way: the whole process group, at moments that nobody chose."""

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from signal import SIGKILL

import msgspec
import numpy as np

from loadtest.campaign.consumption import Consumption, store_process
from loadtest.errors import CommandFailed
from loadtest.service_process import Concierge

POLL_SECONDS = 0.05
LATEST_SECONDS = 3.0
"""How long after it is due a kill comes at most: in the middle of a chunk, or of what follows."""
QUICK = 10_000
"""Customers a second that nobody exceeds: a small campaign must not be over before the kill."""


class Kill(msgspec.Struct, frozen=True):
    """One kill: how many customers were done, whether the store was killed too, and seconds until more were done."""

    done: int
    store: bool
    lost: float


class _Open(msgspec.Struct, frozen=True):
    """A kill at a moment, after which no more is done yet."""

    done: int
    store: bool
    at: float


class Course(msgspec.Struct, frozen=True):
    """How the command went: wall time from the first start to the end, and what it said at last."""

    seconds: float
    kills: tuple[Kill, ...]
    used: Consumption
    said: str

    @property
    def lost(self) -> float:
        """Seconds that the kills took: from each until more was done than before it."""
        return sum(kill.lost for kill in self.kills)


class Killer:
    """Kills a command that works on `total` customers, of whom `done()` tells how many are finished.

    Kills are due at random shares of the work, each once more is done than at the one before it. Every second one takes
    the store along.
    """

    def __init__(
        self, concierge: Concierge, total: int, done: Callable[[], int], kills: int, random: np.random.Generator
    ) -> None:
        self._concierge = concierge
        self._done = done
        shares = sorted((random.random(kills) * total).astype(int).tolist())
        delays = (random.random(kills) * min(LATEST_SECONDS, total / QUICK)).tolist()
        self._due: list[tuple[int, float]] = list(zip(shares, delays, strict=True))
        self._kills: list[Kill] = []
        self._open: _Open | None = None
        self._used = Consumption()

    async def run(self, words: Sequence[str], log: Path) -> Course:
        """Run the command again and again until it ends by itself; raises `CommandFailed` when it ends badly."""
        begun = time.perf_counter()
        while (status := await self._attempt(words, log)) == -SIGKILL:
            continue
        if status:
            self._kill_store()
            raise CommandFailed(f"`concierge {' '.join(words)}` ended with {status}:\n{_tail(log)}")
        self._close()
        return Course(time.perf_counter() - begun, tuple(self._kills), self._used, _tail(log))

    async def _attempt(self, words: Sequence[str], log: Path) -> int:
        """Run the command until it ends or is killed; gives its exit status."""
        process = await self._concierge.start(*words, log=log)
        ended = asyncio.create_task(process.wait())
        try:
            async with self._used.watching(process.pid, self._concierge.data):
                while not ended.done():
                    done = self._done()
                    if self._open is not None and done > self._open.done:
                        self._close()
                    if self._open is None and self._due and done >= self._due[0][0]:
                        _, delay = self._due.pop(0)
                        await asyncio.wait({ended}, timeout=delay)
                        if not ended.done():
                            self._kill(process.pid)
                    await asyncio.wait({ended}, timeout=POLL_SECONDS)
            return await ended
        finally:
            if not ended.done():
                os.killpg(process.pid, SIGKILL)
                self._kill_store()
                await ended

    def _kill(self, leader: int) -> None:
        store = len(self._kills) % 2 == 1
        self._open = _Open(self._done(), store, time.perf_counter())
        os.killpg(leader, SIGKILL)
        if store:
            self._kill_store()

    def _kill_store(self) -> None:
        process = store_process(self._concierge.data)
        if process is not None:
            os.kill(process, SIGKILL)

    def _close(self) -> None:
        """What the last kill took is known now."""
        if self._open is not None:
            self._kills.append(Kill(self._open.done, self._open.store, time.perf_counter() - self._open.at))
        self._open = None


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-60:])
