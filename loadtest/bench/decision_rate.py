"""`decision_vs_empty` and `decision_vs_naive`: decisions per second on one worker, against other services."""

import csv
import json
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import numpy as np
from redis.asyncio import Redis

from loadtest.bench.effort import Effort
from loadtest.bench.errors import Mismatch
from loadtest.bench.figure import Absent, Figure, Outcome, Series, at_least, divide
from loadtest.bench.hotel_service import HotelService
from loadtest.bench.load import Load
from loadtest.bench.peers import PeerAbsent, find_peer, peer_versions
from loadtest.bench.pressing import best_connections, press
from loadtest.bench.server_process import serving, valkey
from loadtest.hotel.offers import workspace_folder
from loadtest.service_process import free_port

AIM_EMPTY = 0.35
AIM_NAIVE = 30.0
_WORDS = ("id", "theme", "climate", "destination", "brand", "country")
_NUMBERS = ("stars", "price", "rate", "margin", "nights")
_COMPARED = 16
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
        port = free_port()
        words = ("-m", "loadtest.baselines.empty", str(port), str(folder / "answer.json"))
        address = await stack.enter_async_context(serving(words, port))
        _check_empty(answer, await service.ask(questions[0], address))
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
            "raw ASGI handler, requests/s": Series.of(rates["raw"]),
            "generator's share of a core, ours": Series.of([load.cpu for load in loads["ours"]]),
            "generator's share of a core, empty": Series.of([load.cpu for load in loads["empty"]]),
        },
    )


async def measure_naive(service: HotelService, effort: Effort) -> AsyncIterator[Outcome]:
    """Against the naive service with the same forest, the same profiles and a store of its own."""
    try:
        find_peer("fastapi"), find_peer("uvicorn")
    except PeerAbsent as error:
        yield Absent("decision_vs_naive", str(error))
        return
    questions = service.questions()
    asking = questions + service.questions(count=_COMPARED, fresh=True)
    customers = sorted({question.customer for question in asking if question.customer})
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        socket = await stack.enter_async_context(valkey(durable=True))
        store = await stack.enter_async_context(Redis(unix_socket_path=str(socket)))
        await _copy_profiles(service, store, customers)
        (folder / "model.json").write_bytes(_material(service))
        port = free_port()
        words = ("-m", "uvicorn", "loadtest.baselines.naive:app", "--factory", "--port", str(port), "--loop", "uvloop",
                 "--log-level", "warning")  # fmt: skip
        settings = {"NAIVE_REDIS": str(socket), "NAIVE_MODEL": str(folder / "model.json")}
        address = await stack.enter_async_context(serving(words, port, settings))
        agreeing = await _compare(service, address)
        requests = tuple(service.requests(questions))
        loads = await _take_turns(
            {
                "ours": await _contender(service.address, requests, effort),
                "naive": await _contender(address, requests, effort),
            },
            effort,
        )
    rates = {name: [load.per_second for load in each] for name, each in loads.items()}
    versions = peer_versions()
    ratio = divide(rates["ours"], rates["naive"])
    yield Figure(
        name="decision_vs_naive",
        case="1,000 candidates, one worker, each at its best concurrency",
        against=f"FastAPI {versions['fastapi']}, redis-py, a numpy matrix and Booster.predict, without rules",
        unit="requests/s",
        ratio=ratio,
        ours=Series.of(rates["ours"]),
        theirs=Series.of(rates["naive"]),
        checked=f"propensities of {agreeing:.0%} of the shown offers equal to nine digits (the rest: a time went by)",
        goals=(at_least("ratio", ratio, AIM_NAIVE),),
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


async def _copy_profiles(service: HotelService, store: "Redis", customers: Sequence[str]) -> None:
    """What Concierge knows of each customer, as JSON."""
    for customer in customers:
        known = json.loads(await service.client.get(f"/v1/customers/{customer}"))
        await store.set(customer, json.dumps(known | {"shown": []}))


def _material(service: HotelService) -> bytes:
    with (workspace_folder() / "offers.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    columns: dict[str, list[str | float | None]] = {name: [row[name] or None for row in rows] for name in _WORDS}
    columns |= {name: [float(row[name]) if row[name] else None for row in rows] for name in _NUMBERS}
    model = service.model
    return msgspec.json.encode(
        {
            "forest": model.forest, "names": model.names, "categories": model.categories,
            "offers": columns,
        }
    )  # fmt: skip


async def _compare(service: HotelService, address: str) -> float:
    """The share of shown offers whose propensity is the same on both sides; nobody has a contact history yet."""
    equal, total = 0, 0
    for question in service.questions(count=_COMPARED, fresh=True):
        shown = json.loads(await service.ask(question))["offers"]
        theirs = json.loads(await service.ask(question, address, "/propensities"))
        for offer in shown:
            total += 1
            equal += bool(np.isclose(offer["propensity"], theirs[offer["offer"]], rtol=1e-9, atol=0.0))
    if equal < 0.8 * total:
        raise Mismatch(f"the naive service predicts otherwise: only {equal} of {total} propensities are the same")
    return equal / total
