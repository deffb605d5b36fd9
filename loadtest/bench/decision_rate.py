"""`decision_vs_empty` and `decision_vs_naive`: decisions per second on one worker, against other services."""

import json
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median

import msgspec

from loadtest.bench.benched_case import check_case
from loadtest.bench.effort import Effort
from loadtest.bench.errors import Mismatch
from loadtest.bench.figure import Absent, Figure, Outcome, Series, at_least, divide
from loadtest.bench.hotel_service import HotelService
from loadtest.bench.load import Load
from loadtest.bench.naive_service import compare_propensities, naive_services, thread_counts
from loadtest.bench.peers import PeerAbsent, find_peer, peer_versions
from loadtest.bench.pressing import best_connections, press
from loadtest.bench.server_process import any_port, serving

AIM_EMPTY = 0.35
AIM_NAIVE = 30.0
_COMPARED = 64
"""Questions whose propensities are compared before the clock runs."""


class Contender(msgspec.Struct, frozen=True):
    """A service under closed load, at its best concurrency."""

    address: str
    requests: tuple[bytes, ...]
    connections: int


async def measure_empty(service: HotelService, effort: Effort) -> AsyncIterator[Outcome]:
    """Against an empty typed handler on the same server; it answers what the service answered once."""
    questions = service.questions()
    requests = tuple(service.requests(questions))
    answer = await service.ask(questions[0])
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "answer.json").write_bytes(answer)
        port = any_port()
        words = ("-m", "loadtest.baselines.empty", str(port), str(folder / "answer.json"))
        address = await stack.enter_async_context(serving(words, port))
        _check_empty(answer, await service.ask(questions[0], address))
        case = await check_case(service, questions)
        raw = tuple(service.requests(questions, "/raw"))
        loads = await _take_turns(
            {
                "ours": await _contender(service.address, requests, effort),
                "empty": await _contender(address, requests, effort),
                "raw": await _contender(address, raw, effort),
            },
            effort,
        )
    rates = {name: [load.per_second for load in each] for name, each in loads.items()}
    ratio = divide(rates["ours"], rates["empty"])
    yield Figure(
        name="decision_vs_empty",
        case="1,000 candidates, 20 rules, contact policy, model, journal, one worker",
        against="an empty typed Litestar handler, same types, same server",
        unit="requests/s",
        ratio=ratio,
        ours=Series.of(rates["ours"]),
        theirs=Series.of(rates["empty"]),
        checked="the empty handler answers byte for byte what the service answered",
        goals=(at_least("ratio", ratio, AIM_EMPTY),),
        details={
            **case,
            "raw ASGI handler, requests/s": Series.of(rates["raw"]),
            "generator's share of a core, ours": Series.of([load.cpu for load in loads["ours"]]),
            "generator's share of a core, empty": Series.of([load.cpu for load in loads["empty"]]),
        },
    )


async def measure_naive(service: HotelService, effort: Effort) -> AsyncIterator[Outcome]:
    """Against the naive service with the same forest and profiles, in the better of its ways to predict."""
    try:
        find_peer("fastapi"), find_peer("uvicorn")
    except PeerAbsent as error:
        yield Absent("decision_vs_naive", str(error))
        return
    questions, compared = service.questions(), service.questions(count=_COMPARED, fresh=True)
    customers = sorted({question.customer for question in questions + compared if question.customer})
    requests = tuple(service.requests(questions))
    async with naive_services(service, customers, thread_counts()) as addresses:
        equal = [await compare_propensities(service, address, compared) for address in addresses]
        contenders = {"ours": await _contender(service.address, requests, effort)}
        for threads, address in zip(thread_counts(), addresses, strict=True):
            contenders[f"{threads} predicting"] = await _contender(address, requests, effort)
        loads = await _take_turns(contenders, effort)
    rates = {name: [load.per_second for load in each] for name, each in loads.items()}
    ours = rates.pop("ours")
    best = max(rates, key=lambda name: median(rates[name]))
    ratio, versions = divide(ours, rates[best]), peer_versions()
    dropped = {name: [load.dropped for load in each] for name, each in loads.items()}
    yield Figure(
        name="decision_vs_naive",
        case="1,000 candidates, one worker, each at its best concurrency",
        against=f"FastAPI {versions['fastapi']}, redis-py, a numpy matrix and Booster.predict, without rules",
        unit="requests/s",
        ratio=ratio,
        ours=Series.of(ours),
        theirs=Series.of(rates[best]),
        checked=f"propensities of all {sum(equal)} shown offers equal to nine digits",
        goals=(at_least("ratio", ratio, AIM_NAIVE),),
        details={
            **{f"naive, threads {name}, requests/s": Series.of(each) for name, each in rates.items()},
            **{f"requests dropped, {name}": Series.of(each) for name, each in dropped.items() if any(each)},
        },
    )


async def _contender(address: str, requests: tuple[bytes, ...], effort: Effort) -> Contender:
    connections = await best_connections(address, requests, max(0.5, effort.load_seconds / 5))
    return Contender(address, requests, connections)


async def _take_turns(contenders: Mapping[str, Contender], effort: Effort) -> dict[str, list[Load]]:
    names = list(contenders)
    loads: dict[str, list[Load]] = {name: [] for name in names}
    for round in range(effort.rounds):
        for turn in range(len(names)):
            name = names[(round + turn) % len(names)]
            one = contenders[name]
            load = await press(one.address, one.requests, connections=one.connections, seconds=effort.load_seconds)
            loads[name].append(load)
    return loads


def _check_empty(ours: bytes, theirs: bytes) -> None:
    if json.loads(ours) != json.loads(theirs):
        raise Mismatch("the empty handler does not answer what the service answers: its types are out of date")
