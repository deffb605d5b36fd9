"""Importing events."""

import asyncio
import random
from typing import Any

import pytest

from decision.importing.rows import open_rows
from decision.journal.record import EventRecord
from decision.keys import SubjectId, customer_subject, visitor_subject
from decision.subject.profile import Profile
from rules.ids import CustomerId, Instant, VisitorId
from tests.decision.importing.conftest import DAY, REPEAT_DAYS, Office, Told
from tests.decision.small_workspace import NOW

MAPPING = """
customer = "customer"
visitor = "visitor"
kind = "kind"
at = "at"
value = "worth"
[attributes]
brand = "brand"
"""
HEADER = "customer,visitor,kind,at,worth,brand\n"
ROWS = (
    HEADER
    + """ann,,view,2026-04-01,,Alba
ann,,view,2026-04-01,,Alba
ann,,booking,2026-04-02,120.5,Brisa
,v1,search,2026-04-03,,Corte
ann,v1,view,2026-04-04,,Corte
"""
)
ANN, V1 = customer_subject(CustomerId("ann")), visitor_subject(VisitorId("v1"))


async def profile(office: Office, subject: SubjectId) -> Profile:
    (found,) = await office.profiles.load([subject])
    assert found is not None
    return found


async def test_every_row_counts_once_equal_ones_too(office: Office) -> None:
    assert await office.run("events", MAPPING, ROWS) == Told(5, 0)
    ann = await profile(office, ANN)
    assert (ann.activities["browsing"].count, ann.activities["stays"].value) == (3, 120.5)
    assert set(ann.affinities["brand"]) == {"Alba", "Brisa", "Corte"}
    assert (await profile(office, V1)).activities["browsing"].count == 1
    before = office.state()
    assert len(before[1]) == 5
    assert await office.run("events", MAPPING, ROWS) == Told(0, 5)
    assert office.state() == before


async def test_a_linked_visitors_events_are_the_customers(office: Office) -> None:
    await office.identities.link(VisitorId("v1"), CustomerId("ann"), "login", NOW)
    assert await office.run("events", MAPPING, HEADER + ",v1,booking,2026-04-03,9,Corte\n") == Told(1, 0)
    assert (await profile(office, ANN)).activities["stays"].count == 1
    (record,) = office.records()
    assert isinstance(record, EventRecord)
    assert (record.customer, record.visitor) == ("ann", "v1")


async def test_the_order_of_rows_does_not_matter(office: Office) -> None:
    lines = [f"ann,,{kind},2026-04-0{day},,{brand}\n" for kind in ("view", "search", "booking") for day in range(1, 8)
             for brand in ("Alba", "Brisa")]  # fmt: skip
    await office.run("events", MAPPING, HEADER + "".join(lines))
    straight = await profile(office, ANN)
    random.Random(3).shuffle(lines)
    other = Office(office.folder / "other")
    other.folder.mkdir()
    for line in lines:
        await other.run("events", MAPPING, HEADER + line)
    shuffled = await profile(other, ANN)
    assert shuffled.activities == straight.activities
    for brand, weight in straight.affinities["brand"].items():
        other_weight = shuffled.affinities["brand"][brand]
        assert other_weight.at == weight.at
        assert other_weight.weight == pytest.approx(weight.weight)


async def test_what_a_killed_import_journalled_but_did_not_count_is_counted_once(office: Office) -> None:
    await office.run("events", MAPPING, ROWS)
    whole = office.state()
    other = Office(office.folder / "other")
    other.folder.mkdir()
    for record in office.records()[:3]:
        await other.journal.append(record)
    await other.settle()
    assert await other.run("events", MAPPING, ROWS) == Told(5, 0)
    assert other.state() == whole
    assert await other.run("events", MAPPING, ROWS) == Told(0, 5)
    assert other.state() == whole


class Killed(Exception):
    """The process ends here."""


@pytest.mark.parametrize("writes", [0, 1, 7, 20, 39])
async def test_an_import_killed_anywhere_is_completed_by_the_next(office: Office, writes: int) -> None:
    rows = HEADER + "".join(f"c{n % 40},,view,2026-04-01T00:00:{n % 60:02}Z,,Alba\n" for n in range(400))
    assert (await office.run("events", MAPPING, rows)).taken == 400
    whole = office.state()
    other = Office(office.folder / "other")
    other.folder.mkdir()
    put, left = other.store.compare_and_put, writes

    async def failing(*args: Any, **kwargs: Any) -> bool:
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed
        return await put(*args, **kwargs)

    vars(other.store)["compare_and_put"] = failing
    with pytest.raises(Killed):
        await other.run("events", MAPPING, rows)
    del vars(other.store)["compare_and_put"]
    await other.settle()
    told = await other.run("events", MAPPING, rows)
    assert told == Told(400 - 10 * writes, 10 * writes)
    assert other.state() == whole


async def test_ids_that_the_store_forgot_are_known_from_the_journal(office: Office) -> None:
    mapping, rows = f'id = "brand"\n{MAPPING}', HEADER + "ann,,view,2026-04-01,,Alba\n"
    await office.run("events", mapping, rows)
    before = await profile(office, ANN)
    office.now = Instant(office.now + (REPEAT_DAYS + 1) * DAY)
    assert await office.run("events", mapping, rows) == Told(0, 1)
    assert await profile(office, ANN) == before


async def test_writers_and_imports_at_once_count_every_event_once(office: Office) -> None:
    mapping = 'id = "id"\n' + MAPPING
    path = office.write("many.csv", "id," + HEADER + "".join(f"e{n},ann,,view,2026-04-01,,Alba\n" for n in range(200)))
    desk = office.desk()

    async def one() -> int:
        taking = desk.events(office.write("m.toml", mapping), open_rows(path).columns)
        return sum([part.taken async for part in taking.take(open_rows(path))])

    assert sum(await asyncio.gather(*(one() for _ in range(32)))) == 200
    assert (await profile(office, ANN)).activities["browsing"].count == 200
    await office.settle()
    assert len(office.records()) == 200


async def test_bad_rows_are_told_and_the_rest_is_taken(office: Office) -> None:
    bad = ",,view,2026-04-01,,\nann,,,2026-04-01,,\nann,,view,,nan,Alba\nann,,view,2026-02-30,1,Alfa\n"
    told = await office.run("events", MAPPING, ROWS + bad)
    assert told.taken == 5
    assert told.bad[0] == "line 7: customer: is missing; give every event a customer or a visitor"
    assert told.bad[1] == "line 8: kind: is missing; give every event a kind"
    assert told.bad[2].startswith("line 9: worth: 'nan' is not a number")
    assert "at: '2026-02-30'" in told.bad[3]
    assert "brand: 'Alfa'" in told.bad[3]


async def test_rows_are_held_to_the_bounds_of_reports(office: Office) -> None:
    rows = f"""a/b,,view,2026-04-01,,
ann,,view,2262-01-01,,
ann,,view,2026-04-01,1e13,
ann,,view,2026-04-01,,{"x" * 1001}
ann,,com.example/view,2026-04-01,,
"""
    told = await office.run("events", MAPPING.replace('brand = "brand"', 'destination = "brand"'), HEADER + rows)
    assert told.taken == 1
    expected = ["line 2: customer: 'a/b'", "line 3: at: 2262", "line 4: worth: must be between", "line 5: brand: holds"]
    for said, start in zip(told.bad, expected, strict=True):
        assert said.startswith(start)


async def test_an_old_id_is_known_of_its_own_subject_only(office: Office) -> None:
    mapping = f'id = "brand"\n{MAPPING}'
    await office.run("events", mapping, HEADER + "ann,,view,2026-04-01,,Alba\n")
    office.now = Instant(office.now + (REPEAT_DAYS + 1) * DAY)
    assert await office.run("events", mapping, HEADER + "bob,,view,2026-04-01,,Alba\n") == Told(1, 0)


async def test_moments_may_count_from_an_origin(office: Office) -> None:
    mapping = 'customer="c"\nkind={constant="view"}\nat={column="h",unit="h",origin="2026-01-01T00:00:00Z"}\n'
    told = await office.run("events", mapping, "c,h\nann,1.5\nann,soon\nann,1e300\n")
    (record,) = office.records()
    assert isinstance(record, EventRecord)
    assert record.at == 1_767_225_600_000 + 5_400_000
    assert told.bad[0].startswith("line 3: h: 'soon' is not a number")
    assert "1900" in told.bad[1]
