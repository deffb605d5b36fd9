"""`stages`: where the microseconds of a decision go, as the running service tells in Server-Timing."""

from array import array
from collections.abc import AsyncIterator
from statistics import median, quantiles

from loadtest.bench.effort import Effort
from loadtest.bench.figure import Absent, Figure, Outcome, Series, divide
from loadtest.bench.hotel_service import HotelService
from loadtest.bench.load import Load
from loadtest.bench.pressing import arrive, best_connections, press
from loadtest.bench.stage_table import NAME, QUANTILES, quantity

PATH = "/v1/decisions?timing=true"
TOTAL = "total"


async def measure_stages(service: HotelService, effort: Effort) -> AsyncIterator[Outcome]:
    """One decision at a time, and at half of the most that the service can bear."""
    requests = service.requests(service.questions(), PATH)
    connections = await best_connections(service.address, requests, max(0.5, effort.load_seconds / 5))
    most = (await press(service.address, requests, connections=connections, seconds=effort.load_seconds)).per_second
    alone: list[Load] = []
    busy: list[Load] = []
    for _ in range(effort.rounds):
        alone.append(await press(service.address, requests, connections=1, seconds=effort.load_seconds / 2))
        busy.append(await arrive(service.address, requests, rate=most / 2, seconds=effort.load_seconds / 2))
    if not all(TOTAL in load.stages for load in alone + busy):
        yield Absent(NAME, "the service sends no Server-Timing")
        return
    yield _figure("one at a time", alone)
    yield _figure(f"at {most / 2:.0f}/s, half of the most", busy)


def _figure(case: str, loads: list[Load]) -> Figure:
    """The share of the callers' time that the stages explain, and each stage."""
    totals = [median(_times(load, TOTAL)) for load in loads]
    seen = [float(median(load.microseconds())) for load in loads]
    details: dict[str, Series] = {}
    for stage in loads[0].stages:
        found = [_times(load, stage) for load in loads if stage in load.stages]
        middle, high = QUANTILES
        details[quantity(stage, middle)] = Series.of([median(times) for times in found])
        details[quantity(stage, high)] = Series.of([_ninety_nine(times) for times in found])
    return Figure(
        name=NAME,
        case=case,
        against="what the caller waits, from sending to the whole answer",
        unit="µs, median",
        ratio=divide(totals, seen),
        ours=Series.of(totals),
        theirs=Series.of(seen),
        checked="every answer was 200 and left nothing out",
        details=details,
        notes=(f"{sum(load.answers for load in loads):,} decisions",),
    )


def _times(load: Load, stage: str) -> "array[float]":
    return array("f", load.stages[stage])


def _ninety_nine(times: "array[float]") -> float:
    return quantiles(times, n=100, method="inclusive")[98] if len(times) > 1 else times[0]
