"""`latency`: how long decisions take that arrive at a fixed rate and do not wait for each other."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

import msgspec

from loadtest.bench.bulk_run import run_bulk
from loadtest.bench.effort import Effort
from loadtest.bench.errors import Overload
from loadtest.bench.figure import Absent, Figure, Goal, Outcome, Series, at_most, divide
from loadtest.bench.hotel_service import HotelService, swap
from loadtest.bench.hotel_workspace import FREE, bench_workspace
from loadtest.bench.load import Load, join_loads
from loadtest.bench.peers import PeerAbsent, find_peer
from loadtest.bench.percentiles import SHARES, percentiles
from loadtest.bench.pressing import arrive, best_connections, press

STEADY = 600.0
"""Decisions per second."""
AIM_MILLISECONDS = 10.0
AIM_DISTURBED = 2.0
"""How many times the steady p99 a new version may cost."""

_BEGIN = 0.2
"""When a disturbance begins, as a share of the time measured."""

_RESTED = "the service rested after, s"
"""Beside every load: how long it was given to do what the load before had left."""

Disturbance = Callable[[int], Awaitable[None]]
"""What happens meanwhile, in the n-th round."""


class _Phase(msgspec.Struct, frozen=True):
    """One way of measuring: a rate, and what happens meanwhile."""

    name: str
    rate: float
    disturbance: Disturbance | None = None


class _Measured(msgspec.Struct, frozen=True):
    """The load of one phase and round, and quantities measured beside it, their unit in the name."""

    load: Load
    beside: dict[str, float] = {}


async def measure_latency(service: HotelService, effort: Effort) -> AsyncIterator[Outcome]:
    """Percentiles from the intended moment, each held against the median of steady load in the same round."""
    try:
        find_peer("hdrh.histogram")
    except PeerAbsent as error:
        yield Absent("latency", str(error))
        return
    requests = service.requests(service.questions())
    connections = await best_connections(service.address, requests, max(0.5, effort.load_seconds / 5))
    most = (await press(service.address, requests, connections=connections, seconds=effort.load_seconds)).per_second
    half, steady = _Phase("half of the most", most / 2), _Phase(f"{STEADY:.0f}/s", STEADY)
    if most < STEADY:
        why = f"the service answers {most:.0f} a second at most here, so {STEADY:.0f} cannot be asked"
        yield Absent(f"latency at {STEADY:.0f}/s", why)
        steady = half
    phases = [
        *((steady,) if steady is not half else ()),
        half,
        _Phase("nine tenths of the most", most * 0.9),
        _Phase(f"{steady.name}, a model swapped", steady.rate, partial(_swap, service)),
        _Phase(f"{steady.name}, a catalogue published", steady.rate, partial(_publish, service)),
        (in_bulk := _Phase(f"{steady.name}, while a bulk of {effort.long_bulk:,} runs", steady.rate)),
    ]
    found: dict[str, list[_Measured]] = {phase.name: [] for phase in phases}
    for round in range(effort.rounds):
        first = round % len(phases)
        for phase in (*phases[first:], *phases[:first]):
            if phase is in_bulk:
                measured = await _measure_in_bulk(service, requests, phase.rate, effort)
            else:
                measured = await _measure(service, requests, phase, round, effort)
            found[phase.name].append(measured)
    reference = [percentiles(measured.load)[99.0] for measured in found[steady.name]]
    for phase in phases:
        yield _figure(phase, found[phase.name], reference, steady.name, most)


async def _measure(
    service: HotelService, requests: list[bytes], phase: _Phase, round: int, effort: Effort
) -> _Measured:
    """Steady load may not leave anything out; what is left out in a disturbance is noted.

    A disturbance lies within the load: where it takes longer than one stretch, another one follows.
    """
    seconds, whole = effort.load_seconds, phase.disturbance is None and phase.rate <= STEADY
    rested = {_RESTED: await service.rest()}
    if phase.disturbance is None:
        return _Measured(await arrive(service.address, requests, rate=phase.rate, seconds=seconds, whole=whole), rested)
    disturbing = asyncio.create_task(_disturb(phase.disturbance, round, seconds * _BEGIN))
    stretches: list[Load] = []
    try:
        while not stretches or not disturbing.done():
            stretches.append(await arrive(service.address, requests, rate=phase.rate, seconds=seconds, whole=whole))
    finally:
        if not disturbing.done():
            disturbing.cancel()
    return _Measured(join_loads(stretches), rested | {"in service after, s": await disturbing})


async def _disturb(disturbance: Disturbance, round: int, after: float) -> float:
    """How many seconds it takes."""
    await asyncio.sleep(after)
    begun = time.perf_counter()
    await disturbance(round)
    return time.perf_counter() - begun


async def _measure_in_bulk(service: HotelService, requests: list[bytes], rate: float, effort: Effort) -> _Measured:
    """Load for as long as the bulk runs: one stretch after the other, without the one in which the bulk ended."""
    rested = {_RESTED: await service.rest()}
    bulk = asyncio.create_task(run_bulk(service, FREE, effort.long_bulk))
    stretches: list[Load] = []
    try:
        while not bulk.done():
            load = await arrive(service.address, requests, rate=rate, seconds=effort.load_seconds, whole=False)
            if not stretches or not bulk.done():
                stretches.append(load)
    finally:
        if not bulk.done():
            bulk.cancel()
    return _Measured(join_loads(stretches), rested | {"customers/s of the bulk": (await bulk).per_second})


def _figure(phase: _Phase, measured: list[_Measured], reference: list[float], steady: str, most: float) -> Figure:
    loads = [each.load for each in measured]
    found = [percentiles(load) for load in loads]
    ninety_nine = [each[99.0] for each in found]
    ratio = divide(ninety_nine, reference)
    details = {f"p{share:g}, ms": Series.of([each[share] for each in found]) for share in SHARES}
    details["answers/s"] = Series.of([load.per_second for load in loads])
    details["generator's share of a core"] = Series.of([load.cpu for load in loads])
    details["latest sending by the generator, ms"] = Series.of([load.late / 1000 for load in loads])
    details["decisions that left a part out, %"] = Series.of([100 * load.degraded / load.answers for load in loads])
    for name in measured[0].beside:
        details[name] = Series.of([each.beside[name] for each in measured])
    return Figure(
        name="latency",
        case=phase.name,
        against=f"p99 at {steady}, undisturbed",
        unit="ms, p99",
        ratio=ratio,
        ours=Series.of(ninety_nine),
        theirs=Series.of(reference),
        checked="every answer was 200, and at a rate it can bear none in a hundred left a part out",
        goals=tuple(_goals(phase, ratio, Series.of(ninety_nine))),
        details=details,
        notes=(f"{most:.0f} answers per second at most",),
    )


def _goals(phase: _Phase, ratio: Series, ninety_nine: Series) -> list[Goal]:
    if phase.disturbance is not None:
        return [at_most("ratio of p99", ratio, AIM_DISTURBED)]
    return [at_most("p99, ms", ninety_nine, AIM_MILLISECONDS)] if phase.name == f"{STEADY:.0f}/s" else []


async def _swap(service: HotelService, round: int) -> None:
    """Put the other forest to use, and the first one back in the next round."""
    await swap(service.client, (service.other, service.model)[round % 2])


async def _publish(service: HotelService, round: int) -> None:
    """Publish the same workspace with one lever changed, and wait until the worker serves it."""
    toml, offers = bench_workspace()
    changed = toml.decode().replace("factor = 1.05", f"factor = 1.0{6 + round % 3}")
    version = await service.client.put_catalogue(changed, offers.decode())
    await _served(service, version)


async def _served(service: HotelService, version: str) -> None:
    for _ in range(300):
        if await service.client.serving_catalogue() == version:
            return
        await asyncio.sleep(0.1)
    raise Overload(f"Catalogue {version} did not come into service in 30 s.")
