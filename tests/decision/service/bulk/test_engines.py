"""Engine processes weigh as this one does, and nothing is lost when one of them is."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from random import Random

import msgspec
import psutil
import pytest

from decision.composition import compose
from decision.engine.snapshot import Snapshot
from decision.service.bulk.engines import WORTH, EngineProcesses, LocalEngine
from decision.service.bulk.line import Answer
from decision.service.bulk.passage import Passage
from decision.service.bulk.task import Task, Weighed
from decision.service.concierge import Concierge
from decision.service.made import Draw
from decision.settings import Settings
from decision.subject.profile import Profile, encode_profile
from decision.version.registry import Registry
from decision.version.versions import Versions
from rules.contact import contact_record
from rules.ids import DecisionId, OfferId
from tests.decision.service.conftest import NOW, WeakStore, ask, publish

SECONDS = 20.0
PASSAGE = Passage(lambda: 0)


def tasks(concierge: Concierge, count: int = WORTH) -> list[Task]:
    """Different people at different placements, known and unknown, one of them with something that cannot be read."""
    made = []
    for number in range(count):
        one = ask(concierge, ("home", "call", "mail")[number % 3], f"c{number}")
        profile = Profile({"member": number % 2 == 0}, consents={"email": number % 5 != 0})
        past = contact_record(NOW, OfferId("alba-club"), "decision", one.channel, 1) * (number % 4)
        known = number % 7 != 0
        made.append(
            Task(
                one.request,
                one.channel,
                one.customer,
                None,
                one.customer,
                encode_profile(profile) if known else None,
                past if known else None,
                () if known else ("history", "profile"),
                Draw(DecisionId(f"{number:032x}"), NOW, NOW, number),
            )
        )
    made[-1] = msgspec.structs.replace(made[-1], profile=b"\xc1", contacts=b"")
    return made


def snapshot(concierge: Concierge) -> Snapshot:
    assert concierge.refresher.snapshot is not None
    return concierge.refresher.snapshot


@asynccontextmanager
async def running(concierge: Concierge, store: WeakStore, idle_seconds: float = 60.0) -> AsyncIterator[EngineProcesses]:
    """One engine process, ready."""
    versions = Versions(Registry(store))
    engines = EngineProcesses(versions, lambda: concierge.refresher.snapshot, 1, Passage(lambda: 0), idle_seconds)
    try:
        await engines.weigh(snapshot(concierge), tasks(concierge))
        await reached(lambda: bool(engines.ready))
        yield engines
    finally:
        await engines.close()
    assert engines.ready == []


async def reached(wanted: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not wanted():
            await asyncio.sleep(0.01)


async def test_processes_weigh_every_snapshot_bit_for_bit_as_this_one_does(
    concierge: Concierge, store: WeakStore
) -> None:
    first, asked = snapshot(concierge), tasks(concierge)
    async with running(concierge, store) as engines:
        process = engines.ready[0].process
        await publish(concierge, contact_policy=False)
        second = snapshot(concierge)
        for each in (first, second, first):
            batches = [engines.weigh(each, asked[:40]), engines.weigh(each, asked[40:])]
            there = [outcome for batch in await asyncio.gather(*batches) for outcome in batch]
            here = await LocalEngine(PASSAGE).weigh(each, asked)
            assert there[:-1] == here[:-1]
            assert all(isinstance(outcome, Weighed) for outcome in there[:-1])
            assert isinstance(there[-1], str)
            assert "DecodeError" in there[-1]
        assert [engine.process for engine in engines.ready] == [process]
        assert psutil.Process(process).nice() == 19
    assert not psutil.pid_exists(process)


async def test_what_a_dying_process_leaves_is_weighed_here_and_another_one_comes(
    concierge: Concierge, store: WeakStore
) -> None:
    wanted, asked = snapshot(concierge), tasks(concierge)
    async with running(concierge, store) as engines:
        process = engines.ready[0].process
        os.kill(process, signal.SIGSTOP)
        batches = [asyncio.create_task(engines.weigh(wanted, asked)) for _ in range(3)]
        await asyncio.sleep(0.01)
        assert engines.ready[0].load == 3
        os.kill(process, signal.SIGKILL)
        here = await LocalEngine(PASSAGE).weigh(wanted, asked)
        for batch in batches:
            assert (await batch)[:-1] == here[:-1]
        await reached(lambda: bool(engines.ready) and engines.ready[0].process != process)
        assert (await engines.weigh(wanted, asked))[:-1] == here[:-1]


async def test_processes_begin_with_the_first_large_batch_and_end_when_there_is_none(
    concierge: Concierge, store: WeakStore
) -> None:
    async with running(concierge, store, idle_seconds=0.2) as engines:
        (process,) = [engine.process for engine in engines.ready]
        await reached(lambda: not engines.ready)
        await reached(lambda: not psutil.pid_exists(process))
        await engines.weigh(snapshot(concierge), tasks(concierge, WORTH - 1))
        assert not vars(engines)["_tending"]


async def test_a_bulk_is_decided_alike_with_and_without_processes(tmp_path: Path) -> None:
    async def decided(processes: int) -> list[Answer]:
        concierge = compose(WeakStore(), Settings(data=str(tmp_path)), lambda: NOW, processes, Random(7))
        await publish(concierge)
        if processes:
            engines = vars(concierge.bulk)["_engines"]
            await engines.weigh(snapshot(concierge), tasks(concierge))
            await reached(lambda: bool(engines.ready))
        people = [ask(concierge, ("home", "call")[at % 2], f"c{at}") for at in range(WORTH)]
        answers = await concierge.bulk.decide(people)
        await concierge.bulk.close()
        return answers

    answers = await decided(processes=1)
    assert answers == await decided(processes=0)
    assert all(isinstance(answer, bytes) for answer in answers)


async def test_a_process_that_says_nothing_is_killed_and_its_batches_are_weighed_here(
    concierge: Concierge, store: WeakStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted, asked = snapshot(concierge), tasks(concierge)
    monkeypatch.setattr("decision.service.bulk.engine_handle.ANSWER_SECONDS", 0.2)
    async with running(concierge, store) as engines:
        process = engines.ready[0].process
        os.kill(process, signal.SIGSTOP)
        async with asyncio.timeout(SECONDS):
            batches = await asyncio.gather(*(engines.weigh(wanted, asked) for _ in range(3)))
        here = await LocalEngine(PASSAGE).weigh(wanted, asked)
        assert [batch[:-1] for batch in batches] == [here[:-1]] * 3
        await reached(lambda: not psutil.pid_exists(process))


async def test_a_process_that_answers_what_nobody_can_read_is_done_without(
    concierge: Concierge, store: WeakStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted, asked = snapshot(concierge), tasks(concierge)
    async with running(concierge, store) as engines:
        process = engines.ready[0].process
        monkeypatch.setattr("decision.service.bulk.engine_handle.decode_outcomes", msgspec.msgpack.Decoder(int).decode)
        async with asyncio.timeout(SECONDS):
            outcomes = await engines.weigh(wanted, asked)
        assert outcomes[:-1] == (await LocalEngine(PASSAGE).weigh(wanted, asked))[:-1]
        await reached(lambda: not psutil.pid_exists(process))


async def test_what_cannot_be_sent_costs_nobody_else_the_answer(concierge: Concierge, store: WeakStore) -> None:
    wanted, asked = snapshot(concierge), tasks(concierge)
    async with running(concierge, store) as engines:
        endless = msgspec.structs.replace(asked[0].draw, seed=1 << 70)
        with pytest.raises(OverflowError):
            await engines.weigh(wanted, [msgspec.structs.replace(asked[0], draw=endless)])
        assert engines.ready[0].load == 0
        here = await LocalEngine(PASSAGE).weigh(wanted, asked)
        assert (await engines.weigh(wanted, asked))[:-1] == here[:-1]


async def test_a_snapshot_that_nobody_waits_for_any_more_is_learned_once(
    concierge: Concierge, store: WeakStore
) -> None:
    async with running(concierge, store) as engines:
        (engine,) = engines.ready
        await publish(concierge, contact_policy=False)
        os.kill(engine.process, signal.SIGSTOP)
        learning = asyncio.create_task(engine.learn(snapshot(concierge)))
        await reached(lambda: engine.load == 1)
        learning.cancel()
        await asyncio.wait([learning])
        os.kill(engine.process, signal.SIGCONT)
        assert len(vars(engine)["_numbers"]) == 2
        await engine.weigh(snapshot(concierge), tasks(concierge))
        assert vars(engine)["_next"] == 2


async def test_processes_that_cannot_learn_are_tried_more_and_more_seldom_and_given_up(
    concierge: Concierge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("decision.service.bulk.engines.RESTART_SECONDS", 0.05)
    wanted, begun = snapshot(concierge), []

    def served() -> Snapshot:
        begun.append(time.monotonic())
        return wanted

    # Versions of a store that has none.
    engines = EngineProcesses(Versions(Registry(WeakStore())), served, 1, PASSAGE, idle_seconds=1.0)
    assert len(await engines.weigh(wanted, tasks(concierge))) == WORTH
    await reached(lambda: not vars(engines)["_tending"])
    rests = [after - before for before, after in pairwise(begun)]
    assert 2 <= len(rests) <= 5
    assert rests[-1] > 2 * rests[0]
