"""`make shadow`: the CPU of a decision with its store and journal, without and with a challenger, in turns."""

import asyncio
import statistics
import time
from pathlib import Path

import numpy as np

from decision.composition import compose
from decision.logs import configure_logs
from decision.service.admission import Ask
from decision.service.concierge import Concierge
from decision.settings import Settings
from decision.store.opening import open_store
from decision.version.registry import Registry
from models.artefact import encode_artefact
from tests.training.hotel import END, GOAL, START, Size
from tests.training.promotion.contest import Contest, read_all
from training.learning.course import train

SIZE = Size(guests=1500, visitors=1500, web=5000, calls=3000, mails=200, offers=960)
LEARNED, DECISIONS, AT_ONCE, TURNS = 4000, 1500, 16, 7
MOST = 0.3
"""Share of throughput that a challenger may cost."""


async def test_a_challenger_costs_less_than_its_share(tmp_path: Path, valkey_url: str) -> None:
    configure_logs("warning")
    contest = Contest(1, tmp_path, SIZE, LEARNED, 500)
    blobs = await _models(contest)
    async with open_store(Settings(store=valkey_url)) as store:
        registry = Registry(store)
        await registry.activate("catalogue", await registry.put("catalogue", contest.house.package, START))
        service = compose(store, Settings(data=str(tmp_path / "data")))
        await service.publishing.publish_model(blobs[0])
        challenger = await service.publishing.publish_model(blobs[1], activate=False)
        await service.refresher.refresh()
        await _decide(service, contest)
        alone, beside = [], []
        for _ in range(TURNS):
            alone.append(await _decide(service, contest))
            await service.publishing.challenge(challenger.version)
            await service.refresher.refresh()
            beside.append(await _decide(service, contest))
            await service.publishing.withdraw_challenger(GOAL)
            await service.refresher.refresh()
    cost = statistics.median(1.0 - one / other for one, other in zip(alone, beside, strict=True))
    print(
        f"{statistics.median(alone):.0f} µs of CPU a decision, {statistics.median(beside):.0f} µs with a challenger: "
        f"{cost:.1%} of throughput."
    )
    assert cost < MOST


async def _models(contest: Contest) -> list[bytes]:
    """Two forests, each from nine tenths of the rows."""
    async with contest.early() as material:
        rows = read_all(material)
    tenth = np.arange(len(rows)) % 10
    courses = [train(rows.take(np.flatnonzero(tenth != left)), GOAL, "response", END, None, 1) for left in (0, 1)]
    return [encode_artefact(course.artefact) for course in courses]


async def _decide(service: Concierge, contest: Contest) -> float:
    """Microseconds of this process's CPU per decision."""
    snapshot = service.refresher.snapshot
    assert snapshot is not None
    asks = []
    for visit in range(LEARNED, LEARNED + DECISIONS):
        request, customer, visitor = contest.house.question(visit)
        channel = snapshot.catalogue.workspace.placements[request.placement].channel
        asks.append(Ask(snapshot, request, channel, customer, visitor, None, False))
    begun = time.process_time()
    for first in range(0, DECISIONS, AT_ONCE):
        await asyncio.gather(*(service.deciding.decide(ask) for ask in asks[first : first + AT_ONCE]))
    return (time.process_time() - begun) / DECISIONS * 1e6
