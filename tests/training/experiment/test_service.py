"""From the service to the report: decisions, links and outcomes as callers send them, and whom they count for."""

from pathlib import Path
from random import Random

import pytest

from decision.composition import compose
from decision.journal.reading import open_journal
from decision.journal.sink import Sink
from decision.service.admission import admit
from decision.service.question import DecisionQuestion, LinkReport, OutcomeReport
from decision.settings import Settings
from decision.store.memory import MemoryStore
from rules.division import HOLDOUT
from rules.ids import CustomerId, Instant, VisitorId
from tests.training.experiment.divided_shop import DIVIDED, HOME
from tests.training.shop import SMALL, START
from training.experiment.report import Wish, report_on

PEOPLE = 260


async def test_what_is_sent_is_what_is_told(tmp_path: Path) -> None:
    store = MemoryStore(lambda: START / 1000)
    settings = Settings(data=str(tmp_path), deadline_ms=10_000)
    service = compose(store, settings, lambda: Instant(START), random=Random(1))
    toml, offers = (SMALL / "concierge.toml").read_bytes(), (SMALL / "offers.csv").read_bytes()
    await service.publishing.publish_workspace(toml + DIVIDED.encode(), offers, "offers.csv")
    await service.refresher.refresh()
    earned: dict[str, float] = {}
    groups: dict[str, str] = {}
    for number in range(PEOPLE):
        customer, visitor = CustomerId(f"c{number}"), VisitorId(f"v{number}")
        # Every other one comes as a visitor whom a login has made known.
        if number % 2:
            await service.customers.link(LinkReport(visitor, customer, "login"))
        who = {"visitor": visitor} if number % 2 else {"customer": customer}
        ask = admit(DecisionQuestion(HOME, **who), service.refresher.snapshot, service.clock())
        answer = await service.deciding.decide(ask)
        groups[customer], earned[customer] = answer.group, 0.0
        for order in range(number % 3):
            offer = answer.offers[0].offer if answer.offers else None
            await service.intake.outcomes([OutcomeReport(f"o{order}", answer.decision, "accept", offer, None, 4.0)])
            earned[customer] += 4.0
        # Nobody in particular: decided for, but no person of any group.
        ask = admit(DecisionQuestion(HOME), service.refresher.snapshot, service.clock())
        assert (await service.deciding.decide(ask)).group == "champion"
    async with Sink(store, tmp_path) as sink:
        await sink.drain()
    snapshot = service.refresher.snapshot
    assert snapshot is not None
    with open_journal(tmp_path) as journal:
        report = report_on(journal, {snapshot.catalogue.version: snapshot.catalogue}, Wish("levers"))
    assert {found.group for found in report.total.groups} == set(groups.values()) > {HOLDOUT}
    for found in report.total.groups:
        own = [person for person, group in groups.items() if group == found.group]
        assert (found.persons, found.decisions) == (len(own), len(own))
        assert found.value == pytest.approx(sum(earned[person] for person in own) / len(own))
        assert found.hits == sum(earned[person] for person in own) / 4.0
