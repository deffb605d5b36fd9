"""`bulk_customers_per_second`: a campaign over the bulk endpoint against the same decisions asked for one by one."""

from collections.abc import AsyncIterator

import msgspec

from loadtest.bench.bulk_run import BulkRun, run_bulk
from loadtest.bench.effort import Effort
from loadtest.bench.errors import Mismatch, Overload
from loadtest.bench.figure import Figure, Outcome, Series, at_least, divide
from loadtest.bench.hotel_service import HotelService
from loadtest.bench.hotel_workspace import CAPPED, FREE
from loadtest.bench.pressing import best_connections, press
from loadtest.messages import Question, Slate

AIM = 4000.0
"""Customers per second and core, without a contact policy."""
_COMPARED = 32
_MOST_DEGRADED = 0.01


async def measure_bulk(service: HotelService, effort: Effort) -> AsyncIterator[Outcome]:
    """Both without and with a contact policy; the journal is written either way."""
    for placement, title in ((FREE, "without contact policy"), (CAPPED, "with contact policy")):
        await _check(service, placement)
        requests = service.requests(service.questions(placement))
        connections = await best_connections(service.address, requests, max(0.5, effort.load_seconds / 5))
        runs: list[BulkRun] = []
        singles: list[float] = []
        for round in range(effort.rounds):
            if round % 2 == 0:
                runs.append(await run_bulk(service, placement, effort.bulk))
            load = await press(service.address, requests, connections=connections, seconds=effort.load_seconds)
            singles.append(load.per_second)
            if round % 2 == 1:
                runs.append(await run_bulk(service, placement, effort.bulk))
        degraded = sum(run.degraded for run in runs)
        if degraded > _MOST_DEGRADED * effort.bulk * effort.rounds:
            raise Overload(f"{degraded} lines of the bulk left a part out; their speed means nothing.")
        yield _figure(placement, title, runs, singles, degraded)


def _figure(placement: str, title: str, runs: list[BulkRun], singles: list[float], degraded: int) -> Figure:
    rates = [run.per_second for run in runs]
    per_core = Series.of([run.per_core for run in runs])
    details = {"customers per second and core": per_core}
    used = [(run.used, run.seconds) for run in runs if run.used]
    if used:
        details |= {
            "cores used by the workers": Series.of([each.workers / seconds for each, seconds in used]),
            "cores used by the store": Series.of([each.store / seconds for each, seconds in used]),
            "cores used by the sink and the rest": Series.of([each.rest / seconds for each, seconds in used]),
        }
    return Figure(
        name="bulk_customers_per_second",
        case=f"1,000 offers, {title}, one worker",
        against="the same decisions one by one, at the best concurrency",
        unit="customers/s",
        ratio=divide(rates, singles),
        ours=Series.of(rates),
        theirs=Series.of(singles),
        checked=f"offers shown by both to {_COMPARED} people have equal propensities",
        details=details,
        goals=(at_least("customers per second and core", per_core, AIM),) if placement == FREE else (),
        notes=(f"{degraded} decisions left a part out",),
    )


async def _check(service: HotelService, placement: str) -> None:
    """The bulk predicts as single decisions do: wherever both show an offer to a person, its propensity is the same.

    Slates are drawn, so they differ; nothing is written and the moment is given, so both see the same person.
    """
    questions = service.questions(placement, _COMPARED, fresh=True)
    compared = 0
    bulk = [slate async for slate in service.client.decide_many(questions)]
    for question, slate in zip(questions, bulk, strict=True):
        single = await _single(service, question)
        known = {shown.offer: shown.propensity for shown in single.offers}
        for shown in slate.offers:
            if shown.offer in known:
                compared += 1
                if shown.propensity != known[shown.offer]:
                    raise Mismatch(f"{shown.offer} has another propensity in the bulk than in a single decision")
    if not compared:
        raise Mismatch("bulk and single decisions have no offer in common, so they cannot be compared")
    if any(slate.degraded for slate in bulk):
        raise Overload("The bulk leaves parts out although nothing else is asked.")


async def _single(service: HotelService, question: Question) -> Slate:
    return msgspec.json.decode(await service.ask(question), type=Slate)
