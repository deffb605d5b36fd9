"""`latency`: how long decisions take that arrive at a fixed rate and do not wait for each other."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

import msgspec

from loadtest.bench.bulk_run import run_bulk
from loadtest.bench.effort import Effort
from loadtest.bench.errors import Overload
from loadtest.bench.figure import Absent, Figure, Outcome, Series, divide
from loadtest.bench.hotel_service import HotelService, swap
from loadtest.bench.hotel_workspace import FREE, bench_workspace
from loadtest.bench.load import Load
from loadtest.bench.peers import PeerAbsent, find_peer
from loadtest.bench.percentiles import SHARES, percentiles
from loadtest.bench.pressing import arrive, best_connections, press

STEADY = 600.0
"""Decisions per second."""
AIM_MILLISECONDS = 10.0
AIM_DISTURBED = 2.0
"""How many times the steady p99 a disturbance may cost."""

_BEGIN = 0.2
"""When a disturbance begins, as a share of the time measured."""

Disturbance = Callable[[int], Awaitable[None]]
"""What happens meanwhile, in the n-th round."""


class _Phase(msgspec.Struct, frozen=True):
    """One way of measuring: a rate, and what happens meanwhile."""

    name: str
    rate: float
    disturbance: Disturbance | None = None
    longer: float = 1.0
    """How many times as long as the others it is measured."""


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
    steady = _Phase(f"{STEADY:.0f}/s", STEADY)
    phases = [
        steady,
        _Phase("half of the most", most / 2),
        _Phase("nine tenths of the most", most * 0.9),
        _Phase(f"{STEADY:.0f}/s, a model swapped", STEADY, partial(_swap, service)),
        _Phase(f"{STEADY:.0f}/s, a catalogue published", STEADY, partial(_publish, service)),
        _Phase(f"{STEADY:.0f}/s, a bulk of {effort.long_bulk:,}", STEADY, partial(_bulk, service, effort.long_bulk)),
    ]
    if most < STEADY:
        why = f"the service answers {most:.0f} a second at most here, so {STEADY:.0f} cannot be asked"
        yield Absent(f"latency at {STEADY:.0f}/s", why)
        phases = phases[1:3]
    loads: dict[str, list[Load]] = {phase.name: [] for phase in phases}
    for round in range(effort.rounds):
        for phase in phases:
            loads[phase.name].append(await _measure(service, requests, phase, round, effort.load_seconds))
    reference = [percentiles(load)[99.0] for load in loads[phases[0].name]]
    for phase in phases:
        yield _figure(phase, loads[phase.name], reference, phases[0].name, most)


async def _measure(service: HotelService, requests: list[bytes], phase: _Phase, round: int, seconds: float) -> Load:
    """Steady load may not leave anything out; what is left out in a disturbance is noted."""
    whole = phase.disturbance is None and phase.rate <= STEADY
    measuring = asyncio.create_task(arrive(service.address, requests, rate=phase.rate, seconds=seconds, whole=whole))
    if phase.disturbance is None:
        return await measuring
    try:
        await asyncio.sleep(seconds * _BEGIN)
        await phase.disturbance(round)
    finally:
        load = await measuring
    return load


def _figure(phase: _Phase, loads: list[Load], reference: list[float], steady: str, most: float) -> Figure:
    found = [percentiles(load) for load in loads]
    ninety_nine = [each[99.0] for each in found]
    details = {f"p{share:g}, ms": Series.of([each[share] for each in found]) for share in SHARES}
    details["answers/s"] = Series.of([load.per_second for load in loads])
    details["generator's share of a core"] = Series.of([load.cpu for load in loads])
    details["latest sending by the generator, ms"] = Series.of([load.late / 1000 for load in loads])
    details["decisions that left a part out, %"] = Series.of([100 * load.degraded / load.answers for load in loads])
    return Figure(
        name="latency",
        case=phase.name,
        against=f"p99 at {steady}, undisturbed",
        unit="ms, p99",
        ratio=divide(ninety_nine, reference),
        ours=Series.of(ninety_nine),
        theirs=Series.of(reference),
        checked="every answer was 200, and at a rate it can bear none in a hundred left a part out",
        aim=AIM_DISTURBED if phase.disturbance is not None else None,
        low=True,
        details=details,
        notes=(
            f"{most:.0f} answers per second at most",
            *((f"p99 wanted at most {AIM_MILLISECONDS:.0f} ms",) if phase.rate == STEADY else ()),
        ),
    )


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


async def _bulk(service: HotelService, customers: int, round: int) -> None:  # noqa: ARG001
    await run_bulk(service, FREE, customers)
