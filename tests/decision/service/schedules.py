"""All orders in which the steps of a few callers can happen, one after another, without a clock and without chance.

A step is what the store does at once: on a cluster that is one command, or one MGET of keys of one slot.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Iterator, Sequence
from functools import partial
from typing import NamedTuple, TypeVar, cast

from decision.store.memory import MemoryStore
from decision.store.port import Append, Entry, Put, Store, Write

Given = TypeVar("Given")
Name = tuple[int, int]
"""A step: whose, and the how manieth of its."""

DEATH = -1
"""The number of the step in which a caller's process is killed."""


class Step(NamedTuple):
    """What a caller asks of the store; `reads` and `writes` are keys."""

    reads: frozenset[str]
    writes: frozenset[str]
    act: Callable[[], None]

    def commutes(self, other: "Step") -> bool:
        """Whether it makes no difference which of both comes first."""
        return not (self.writes & (other.reads | other.writes) or other.writes & self.reads)


def at_once(answer: Coroutine[None, None, Given]) -> Given:
    """What comes of something that waits for nobody."""
    try:
        answer.send(None)
    except StopIteration as end:
        return cast(Given, end.value)
    raise AssertionError("it waits")


class SteppingStore:
    """One caller's way to the store that all share: each step waits until it is its turn.

    It is no `MemoryStore` of its own: what has no step here cannot be asked.
    """

    def __init__(self, shared: MemoryStore, caller: int, steps: dict[Name, Step]) -> None:
        self._shared = shared
        self._caller = caller
        self._steps = steps
        self._asked = 0

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        slots: dict[str, list[str]] = {}
        for key in keys:
            slots.setdefault(key.partition("{")[2] or key, []).append(key)
        asked = [self._step(partial(self._shared.get_many, together), together, ()) for together in slots.values()]
        found: dict[str, bytes | None] = {}
        for together, answers in zip(slots.values(), asked, strict=True):
            found.update(zip(together, await answers, strict=True))
        return [found[key] for key in keys]

    async def compare_and_put(
        self,
        key: str,
        expected: bytes | None,
        value: bytes | None,
        ttl: int | None = None,
        marks: Sequence[tuple[str, int]] = (),
    ) -> bool:
        put = partial(self._shared.compare_and_put, key, expected, value, ttl, marks)
        return await self._step(put, (), (key, *(mark for mark, _ in marks)))

    async def append(
        self,
        key: str,
        value: bytes,
        expected_length: int | None = None,
        ttl: int | None = None,
        expected_end: bytes = b"",
    ) -> int | None:
        append = partial(self._shared.append, key, value, expected_length, ttl, expected_end)
        return await self._step(append, (), (key,))

    async def append_with(
        self,
        key: str,
        value: bytes,
        entry: Entry,
        put: Put,
        expected_length: int,
        ttl: int | None = None,
        expected_end: bytes = b"",
    ) -> int | None:
        append = partial(self._shared.append_with, key, value, entry, put, expected_length, ttl, expected_end)
        # Nobody here reads the journal, nor an index entry but by an id of its own.
        return await self._step(append, (), (key,))

    async def append_once(
        self,
        key: str,
        value: bytes,
        receipt: Put,
        expected_length: int | None = None,
        ttl: int | None = None,
        expected_end: bytes = b"",
    ) -> int | bytes | None:
        append = partial(self._shared.append_once, key, value, receipt, expected_length, ttl, expected_end)
        return await self._step(append, (), (key, receipt.key))

    async def swap(
        self, key: str, expected: bytes | None, value: bytes | None, fence: Append, also: Sequence[str] = ()
    ) -> bool:
        swap = partial(self._shared.swap, key, expected, value, fence, also)
        return await self._step(swap, (), (key, fence.key, *also))

    async def write(self, writes: Sequence[Write]) -> list[int | None]:
        lengths = [self._step(partial(self._shared.write, [write]), (), self._written(write)) for write in writes]
        return [length for one in lengths for length in await one]

    async def delete(self, keys: Sequence[str]) -> int:
        return sum([await self._step(partial(self._shared.delete, [key]), (), (key,)) for key in keys])

    def _written(self, write: Write) -> tuple[str, ...]:
        # Nobody here reads the journal, nor an index entry but by an id of its own.
        return () if isinstance(write, Entry | Put) else (write.key,)

    def _step(
        self, answer: Callable[[], Coroutine[None, None, Given]], reads: Sequence[str], writes: Sequence[str]
    ) -> "asyncio.Future[Given]":
        future: asyncio.Future[Given] = asyncio.get_running_loop().create_future()

        def act() -> None:
            future.set_result(at_once(answer()))

        if reads or writes:
            self._steps[self._caller, self._asked] = Step(frozenset(reads), frozenset(writes), act)
            self._asked += 1
        else:
            act()
        return future


class _Idle(selectors.DefaultSelector):
    """Says when nothing happens any more, instead of waiting."""

    idle: Callable[[float | None], None]

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout > 0:
            self.idle(timeout)
        return []


class _Loop(asyncio.SelectorEventLoop):
    """Its time passes only while nobody could take a step."""

    now = 0.0

    def time(self) -> float:
        return self.now


class _Point:
    """A moment at which several steps could be next.

    Those `asleep` need not be: all that follows them has been seen where they came before.
    """

    def __init__(self, steps: dict[Name, Step], asleep: set[Name]) -> None:
        self._steps = steps
        self._asleep = asleep & steps.keys()
        self.left = [name for name in steps if name not in asleep]

    @property
    def taken(self) -> Name:
        return self.left[0]

    def advance(self) -> bool:
        """Go on to the next step that could be taken here; says whether there is one."""
        self._asleep.add(self.left.pop(0))
        return bool(self.left)

    def asleep_after(self) -> set[Name]:
        return {name for name in self._asleep if self._commute(name, self.taken)}

    def _commute(self, one: Name, other: Name) -> bool:
        if one[0] == other[0] and DEATH in (one[1], other[1]):
            return False
        return self._steps[one].commutes(self._steps[other])


Stores = Callable[[int], Store]
"""Each caller's way to the store, by the caller's number."""

Callers = Callable[[Stores], list[Coroutine[None, None, None]]]
"""Makes the callers of one run."""


def schedules(
    prepare: Callable[[MemoryStore], None], callers: Callers, mortal: frozenset[int] = frozenset()
) -> Iterator[tuple[MemoryStore, frozenset[int]]]:
    """Run callers on a prepared store in every order that makes a difference (sleep sets, Godefroid 1996).

    After each run: what the store holds, and who was killed in it; those in `mortal` may be killed before any step.
    """
    path: list[_Point] = []
    while True:
        shared = MemoryStore(lambda: 0.0)
        prepare(shared)
        killed = _run(callers, shared, path, mortal)
        if killed is not None:
            yield shared, killed
        while path and not path[-1].advance():
            path.pop()
        if not path:
            return


def _run(callers: Callers, shared: MemoryStore, path: list[_Point], mortal: frozenset[int]) -> frozenset[int] | None:
    """One run along a path and on from its end; who was killed, or None when it is like one that was seen."""
    steps: dict[Name, Step] = {}
    killed: set[int] = set()
    depth, seen = 0, False
    selector = _Idle()
    loop = _Loop(selector)
    tasks = [
        loop.create_task(caller) for caller in callers(lambda caller: cast(Store, SteppingStore(shared, caller, steps)))
    ]

    def idle(timeout: float | None) -> None:
        nonlocal depth, seen
        living = [caller for caller, task in enumerate(tasks) if caller not in killed and not task.done()]
        able = {name: step for name, step in sorted(steps.items()) if name[0] in living}
        if not able:
            if living and timeout is not None:
                loop.now += timeout
            else:
                loop.stop()
            return
        able |= {(caller, DEATH): Step(frozenset(), frozenset(), lambda: None) for caller in living if caller in mortal}
        if depth == len(path):
            point = _Point(able, path[-1].asleep_after() if path else set())
            if not point.left:
                seen = True
                loop.stop()
                return
            path.append(point)
        taken = path[depth].taken
        depth += 1
        if taken[1] == DEATH:
            killed.add(taken[0])
        else:
            steps.pop(taken).act()

    selector.idle = idle
    loop.run_forever()
    for caller, task in enumerate(tasks):
        if task.done():
            task.result()
        else:
            assert seen or caller in killed
        task.cancel()
    selector.idle = lambda _: loop.stop()
    loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    loop.close()
    return None if seen else frozenset(killed)
