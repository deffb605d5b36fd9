"""Versions made into snapshots in a process of its own, so that whoever decides meanwhile is not held up.

A thread would hold Python's one lock for a tenth of a second and more in all, and whenever the loop has let go of it,
for a system call or a kernel, it would have to wait until it gets it back.
"""

import asyncio
import gc
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from types import TracebackType
from typing import ParamSpec, TypeVar

from decision.engine.snapshot import Snapshot
from decision.logs import log
from decision.steps import step_by_step
from decision.version.assembly import Assembled, Making, Order, Past, Refusal, assemble, restore, warm_up
from decision.version.beginning import begin
from decision.version.building import BuilderDied, SeenModel, SeenWorkspace, seen_model, seen_workspace
from decision.version.crate import Crate, pack, unpack
from decision.version.kept import Kept
from models.model import load_model
from rules.check import check_workspace
from rules.ids import Instant
from rules.package import pack as packed_workspace
from rules.package import unpack as unpacked_workspace

IDLE_SECONDS = 300.0
"""How long the process stays without work: it takes two seconds of a core to begin, and new versions come in bursts."""

MOST_SECONDS = 300
"""How long one piece of work may take: it may have to compile, and others may keep the cores busy."""

_CATALOGUES = Kept(unpacked_workspace, 2)
"""The last ones that this process made, if it is one that builds: that in use, and that published now."""

_MODELS = Kept(load_model, 8)
"""The same of models: those in use and those published now, of a few goals."""

P = ParamSpec("P")
T = TypeVar("T")


class BuildingProcess:
    """A process that is started when there is something to do, and ends when there was nothing for a while.

    Leaving the context waits for what it does, and ends it. When it dies, or needs more than `most_seconds` for
    something, what it was asked for raises `BuilderDied`, and the next one who asks starts another one.
    """

    def __init__(self, idle_seconds: float = IDLE_SECONDS, most_seconds: int = MOST_SECONDS) -> None:
        self._idle_seconds = idle_seconds
        self._most_seconds = most_seconds
        self._pool: ProcessPoolExecutor | None = None
        self._asked = 0
        self._timer: asyncio.TimerHandle | None = None

    async def see_workspace(self, toml: bytes, offers: bytes, offers_name: str) -> SeenWorkspace:
        """Check a workspace."""
        return await self._ask(_see_workspace, toml, offers, offers_name)

    async def see_model(self, blob: bytes) -> SeenModel:
        """Load and verify a model; raises `ArtefactError`."""
        return await self._ask(_see_model, blob)

    async def assemble(self, order: Order, now: Instant) -> Assembled:
        """Make a snapshot there, unpack it here piece by piece, and warm it up: others have their turns in between."""
        crate, refused = await self._ask(_assemble, order, now)
        if crate is None:
            return Assembled(None, refused)
        with _collected_later():
            snapshot = await _unpacked(crate)
            await step_by_step(warm_up(snapshot, now))
            # It stays, so that a collection would walk it in vain.
            gc.freeze()
        return Assembled(snapshot, refused)

    async def restore(self, past: Past) -> Snapshot:
        """Make again what an old decision was made with; raises `ArtefactError` and `BuilderDied`."""
        crate = await self._ask(_restore, past)
        with _collected_later():
            return await _unpacked(crate)

    async def __aenter__(self) -> "BuildingProcess":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pool = self._pool
        self._end()
        if pool is not None:
            await asyncio.to_thread(pool.shutdown)

    async def _ask(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        if self._timer is not None:
            self._timer.cancel()
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                1, multiprocessing.get_context("spawn"), initializer=begin, initargs=(os.getpid(),)
            )
        pool = self._pool
        self._asked += 1
        try:
            # Off the loop, for the first one to submit starts the process. Nor has the future a name here: its error
            # would hold this frame, and this frame the pool with its pipes, until somebody collects the garbage.
            task = partial(_limited, self._most_seconds, partial(work, *args, **kwargs))
            return await asyncio.wrap_future(await asyncio.to_thread(pool.submit, task))
        except (BrokenProcessPool, OSError) as error:
            if self._pool is pool:
                self._pool = None
            log.error("building_process_died", error=str(error))
            raise BuilderDied("The process that looks versions through and builds them died; try again.") from error
        finally:
            self._asked -= 1
            if not self._asked:
                self._timer = asyncio.get_running_loop().call_later(self._idle_seconds, self._end)

    def _end(self) -> None:
        pool, self._pool = self._pool, None
        if self._timer is not None:
            self._timer.cancel()
        if pool is not None:
            pool.shutdown(wait=False)


async def _unpacked(crate: Crate) -> Snapshot:
    snapshot = await step_by_step(unpack(crate))
    assert snapshot is not None
    return snapshot


@contextmanager
def _collected_later() -> Iterator[None]:
    """What is unpacked is all kept, and a collection meanwhile would walk it again and again."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _limited(seconds: int, work: Callable[[], T]) -> T:
    """Do some work, or have the system end this process: whatever hangs here, nothing could be published any more."""
    signal.alarm(seconds)
    try:
        return work()
    finally:
        signal.alarm(0)


def _see_workspace(toml: bytes, offers: bytes, offers_name: str) -> SeenWorkspace:
    checked = check_workspace(toml, offers, offers_name)
    if checked.catalogue is not None:
        _CATALOGUES.put(packed_workspace(toml, offers, offers_name), checked.catalogue)
    return seen_workspace(checked)


def _see_model(blob: bytes) -> SeenModel:
    return seen_model(_MODELS.get(blob))


def _assemble(order: Order, now: Instant) -> tuple[Crate | None, tuple[Refusal, ...]]:
    """The same as `assemble`, packed."""
    assembled = assemble(order, now, Making(_CATALOGUES.get, _MODELS.get))
    if assembled.snapshot is None:
        return None, assembled.refused
    return _packed(assembled.snapshot, now), assembled.refused


def _restore(past: Past) -> Crate:
    """The same as `restore`, packed."""
    return _packed(restore(past), Instant(0))


def _packed(snapshot: Snapshot, now: Instant) -> Crate:
    crate = pack(snapshot)
    # What is unpacked is laid out a little differently; what has to be compiled for that is compiled here.
    *_, unpacked = unpack(crate)
    assert unpacked is not None
    for _ in warm_up(unpacked, now):
        pass
    return crate
