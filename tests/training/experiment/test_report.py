"""The report from a journal: against a recount in plain Python, and what it refuses."""

import asyncio
import io
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import msgspec
import numpy as np
import pytest
from rich.console import Console

from decision.clock import wall_clock
from decision.engine.engine import decide
from decision.engine.snapshot import Snapshot
from decision.journal.reading import open_journal
from decision.journal.record import DecisionRecord, EventRecord, OutcomeRecord, Record
from decision.store.memory import MemoryStore
from decision.subject.profile import EMPTY_PROFILE
from rules.catalogue import Catalogue
from rules.contact import NO_CONTACTS
from rules.division import CHAMPION, HOLDOUT
from rules.errors import Invalid, NotFound
from rules.ids import GoalId, Instant, VisitorId
from tests.training.experiment.divided_shop import DIVIDED, HOME, divided_shop, divided_visits
from tests.training.journal import write_journal
from tests.training.shop import START, WEEK, shop, visits
from training.errors import TrainingError
from training.experiment.report import Report, Wish, report_on
from training.experiment.table import show_report

PEOPLE = 1_500
LATER = Instant(START + WEEK)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return divided_shop()


@pytest.fixture(scope="module")
def records(catalogue: Catalogue) -> list[Record]:
    return divided_visits(catalogue, PEOPLE, 3)


@pytest.fixture(scope="module")
def folder(records: list[Record], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(records, tmp_path_factory.mktemp("journal"))


@pytest.fixture
def journal(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_journal(folder) as connection:
        yield connection


def written(records: Sequence[Record], folder: Path) -> Path:
    asyncio.run(write_journal(MemoryStore(lambda: wall_clock() / 1000), folder, records))
    return folder


def recount(records: Sequence[Record]) -> dict[str, tuple[int, int, list[float]]]:
    """Persons, outcomes, and each person's value, by group."""
    group: dict[str, str] = {}
    value: defaultdict[str, float] = defaultdict(float)
    hits: Counter[str] = Counter()
    of: dict[str, str] = {}
    for record in records:
        if isinstance(record, DecisionRecord):
            of[record.id] = str(record.customer)
            group[of[record.id]] = record.decision.group
        if isinstance(record, OutcomeRecord):
            value[of[record.decision]] += record.value or 0.0
            hits[group[of[record.decision]]] += 1
    return {
        name: (len(own), hits[name], [value[person] for person in own])
        for name in set(group.values())
        for own in [[person for person in group if group[person] == name]]
    }


def by_group(report: Report) -> dict[str, tuple[float, float, float]]:
    """The lifts of all channels together, from low to high."""
    return {
        found.group: (found.low, found.lift, found.high)
        for found in report.total.groups
        if found.low is not None and found.lift is not None and found.high is not None
    }


def test_persons_and_means_are_those_of_a_recount_and_the_arms_effect_is_found(
    journal: duckdb.DuckDBPyConnection, catalogue: Catalogue, records: list[Record]
) -> None:
    report = report_on(journal, {catalogue.version: catalogue}, Wish("levers"))
    expected = recount(records)
    assert [found.group for found in report.total.groups] == [HOLDOUT, "levers/none", CHAMPION]
    for found in report.total.groups:
        persons, hits, values = expected[found.group]
        assert (found.persons, found.hits, found.decisions) == (persons, hits, 3 * persons)
        assert found.value == pytest.approx(np.mean(values))
    assert report.ratio.p_value is not None
    assert not report.ratio.alarm
    assert sum(report.ratio.expected.values()) == pytest.approx(PEOPLE)
    low, lift, high = by_group(report)["levers/none"]
    assert 0 < low < 3 * 10 * 0.2 < high
    assert lift == pytest.approx(np.mean(expected["levers/none"][2]) - np.mean(expected[CHAMPION][2]))
    assert by_group(report)[HOLDOUT][2] < 0
    assert CHAMPION not in by_group(report)


def test_channels_stand_beside_the_total(journal: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> None:
    report = report_on(journal, {catalogue.version: catalogue}, Wish("levers"))
    assert [figures.channel for figures in report.channels] == ["all channels", "web", "call-center"]
    total, web, call = report.channels
    for place, group in enumerate(total.groups):
        assert (web.groups[place].decisions, call.groups[place].decisions) == (2 * group.persons, group.persons)
        assert web.groups[place].hits + call.groups[place].hits == group.hits
        assert web.groups[place].value + call.groups[place].value == pytest.approx(group.value)


def test_the_holdout_tells_what_showing_anything_brings(
    journal: duckdb.DuckDBPyConnection, catalogue: Catalogue
) -> None:
    by_outcomes = report_on(journal, {catalogue.version: catalogue}, Wish(HOLDOUT, goal=GoalId("accept")))
    low, lift, high = by_group(by_outcomes)["shown"]
    assert 0 < low < 3 * 10 * 0.3 < high
    by_events = report_on(journal, {catalogue.version: catalogue}, Wish(HOLDOUT, event="booking"))
    assert by_group(by_events)["shown"][1] == pytest.approx(0.7 * lift)
    counted = report_on(journal, {catalogue.version: catalogue}, Wish(HOLDOUT, event="booking", counted=True))
    assert by_group(counted)["shown"][1] == pytest.approx(0.1 * lift)


def test_another_group_may_stand_beside_the_others(journal: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> None:
    one = report_on(journal, {catalogue.version: catalogue}, Wish("levers", beside=HOLDOUT))
    other = report_on(journal, {catalogue.version: catalogue}, Wish("levers"))
    assert by_group(one)[CHAMPION][1] == pytest.approx(-by_group(other)[HOLDOUT][1])
    with pytest.raises(Invalid, match="levers/none"):
        report_on(journal, {catalogue.version: catalogue}, Wish("levers", beside="levers/nome"))


def test_decisions_under_another_declaration_are_left_out(catalogue: Catalogue, tmp_path: Path) -> None:
    other = divided_shop(DIVIDED.replace("share = 0.5", "share = 0.1"))
    before, _ = visits(shop(), 50, 9)
    records = [*before, *divided_visits(other, 40, 4), *divided_visits(catalogue, 40, 5, LATER)]
    catalogues: dict[str, Catalogue] = {one.version: one for one in (catalogue, other, shop())}
    with open_journal(written(records, tmp_path)) as both:
        report = report_on(both, catalogues, Wish("levers"))
        assert sum(found.persons for found in report.total.groups) == 40
        assert report.changed == 120 + 50
        with pytest.raises(TrainingError, match="Nobody"):
            report_on(both, catalogues, Wish("levers", until=LATER))


def test_persons_who_were_lost_raise_the_alarm(catalogue: Catalogue, records: list[Record], tmp_path: Path) -> None:
    kept = [
        record
        for record in records
        if not (isinstance(record, DecisionRecord) and record.decision.group == HOLDOUT and number_of(record) % 10 < 3)
    ]
    with open_journal(written(kept, tmp_path)) as journal:
        assert report_on(journal, {catalogue.version: catalogue}, Wish("levers")).ratio.alarm


def number_of(record: DecisionRecord) -> int:
    return int(str(record.customer).split("-")[1])


def test_what_there_is_not_is_told(journal: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> None:
    with pytest.raises(NotFound, match="did you mean 'levers'"):
        report_on(journal, {catalogue.version: catalogue}, Wish("lever"))
    with pytest.raises(Invalid, match="no goal"):
        report_on(journal, {catalogue.version: catalogue}, Wish("levers", goal=GoalId("acept")))


def test_what_says_no_value_is_counted_where_some_were_shown_nothing(
    catalogue: Catalogue, records: list[Record], tmp_path: Path
) -> None:
    """Everybody books alike: of those held out no offer says what that is worth, so it would be all lift."""
    bare = [
        OutcomeRecord(
            f"b{one.id}",
            LATER,
            one.now,
            one.id,
            next((o.offer for o in one.decision.offers), None),
            "accept",
            one.customer,
            None,
        )
        for one in records
        if isinstance(one, DecisionRecord) and number_of(one) % 2
    ]
    decisions = [one for one in records if isinstance(one, DecisionRecord)]
    with open_journal(written([*decisions, *bare], tmp_path)) as journal:
        report = report_on(journal, {catalogue.version: catalogue}, Wish(HOLDOUT, goal=GoalId("accept")))
        held, shown = (next(f for f in report.total.groups if f.group == name) for name in (HOLDOUT, "shown"))
        assert report.counted
        assert report.unvalued == held.hits > 100
        assert shown.value == shown.hits / shown.persons == pytest.approx(held.value, abs=0.3)
        low, _, high = by_group(report)["shown"]
        assert low < 0 < high
        console = Console(file=io.StringIO(), width=100)
        show_report(console, report)
        assert "Outcomes are counted, not valued" in console.file.getvalue()  # type: ignore[attr-defined]


def test_what_says_its_value_is_valued(journal: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> None:
    report = report_on(journal, {catalogue.version: catalogue}, Wish(HOLDOUT, goal=GoalId("accept")))
    assert (report.counted, report.unvalued) == (False, 0)


def test_a_visitor_who_becomes_a_customer_is_one_person(catalogue: Catalogue, tmp_path: Path) -> None:
    """Everybody's first decision is a visitor's, in a group that is often another one than the customer's."""
    snapshot, records, first = Snapshot.build(catalogue, {}), list[Record](), dict[str, str]()
    for record in divided_visits(catalogue, 400, 7):
        if isinstance(record, DecisionRecord) and record.customer not in first:
            cookie = VisitorId(f"cookie-{record.customer}")
            group = catalogue.division.group(HOME, f"v:{cookie}")
            made = decide(record.request, EMPTY_PROFILE, NO_CONTACTS, snapshot, record.now, record.seed, group=group)
            first[str(record.customer)] = group
            records.append(msgspec.structs.replace(record, customer=None, visitor=cookie, decision=made))
        elif isinstance(record, DecisionRecord):
            records.append(msgspec.structs.replace(record, visitor=VisitorId(f"cookie-{record.customer}")))
        elif isinstance(record, EventRecord):
            records.append(record)
    later = {
        str(one.customer): one.decision.group for one in records if isinstance(one, DecisionRecord) if one.customer
    }
    bookings = sum(isinstance(record, EventRecord) for record in records)
    with open_journal(written(records, tmp_path)) as journal:
        report = report_on(journal, {catalogue.version: catalogue}, Wish("levers", event="booking"))
    assert {found.group: found.persons for found in report.total.groups} == Counter(first.values())
    assert report.mixed == sum(first[person] != later[person] for person in later) > 100
    assert sum(found.hits for found in report.total.groups) == bookings
    assert sum(found.decisions for found in report.total.groups) == 3 * 400
