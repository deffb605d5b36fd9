"""Importing customers."""

from decision.journal.record import ProfileRecord
from decision.keys import customer_subject
from decision.subject.profile import ActivityFigures, Profile, decode_profile
from rules.ids import CustomerId
from rules.instant import parse_instant
from tests.decision.importing.conftest import Office, Told

MAPPING = """
id = "ID"
[attributes]
tier = "Tier"
age = "Age"
since = "Since"
interests = "Likes"
country = { constant = "PT" }
[consents]
email = "Mail"
"""
ROWS = """ID,Tier,Age,Since,Likes,Mail
ann,gold,41,2020-01-02,spa|golf,true
ben,,,,,false
"""
ANN = customer_subject(CustomerId("ann"))


async def test_mapped_attributes_and_consents_are_set_and_the_rest_stays(office: Office) -> None:
    stays = ActivityFigures(2, 9.0, parse_instant("2026-01-01"))
    await office.profiles.replace(ANN, Profile({"spend": 3.5, "tier": "silver"}, {}, {"stays": stays}, {"sms": True}))
    assert await office.run("customers", MAPPING, ROWS) == Told(2, 0)
    ann, ben = await office.profiles.load([ANN, customer_subject(CustomerId("ben"))])
    assert ann == Profile(
        {
            "spend": 3.5, "tier": "gold", "age": 41, "since": parse_instant("2020-01-02"),
            "interests": ["spa", "golf"], "country": "PT",
        },
        {}, {"stays": stays}, {"sms": True, "email": True},
    )  # fmt: skip
    assert ben == Profile({"country": "PT"}, {}, {}, {"email": False})
    records = office.records()
    assert [type(record) for record in records] == [ProfileRecord, ProfileRecord]
    assert isinstance(records[0], ProfileRecord)
    assert decode_profile(records[0].profile) == ann


async def test_the_same_file_again_changes_nothing(office: Office) -> None:
    await office.run("customers", MAPPING, ROWS)
    before = office.state()
    assert await office.run("customers", MAPPING, ROWS) == Told(0, 2)
    assert office.state() == before


async def test_a_change_whose_record_was_lost_is_journalled_by_the_next_import(office: Office) -> None:
    await office.run("customers", MAPPING, ROWS)
    whole = office.state()
    other = Office(office.folder / "other")
    other.folder.mkdir()
    # Killed between the two: the profile is there, its record is not.
    for subject in (ANN, customer_subject(CustomerId("ben"))):
        (profile,) = await office.profiles.load([subject])
        assert profile is not None
        await other.profiles.replace(subject, profile)
    assert await other.run("customers", MAPPING, ROWS) == Told(2, 0)
    assert other.state() == whole


async def test_what_was_changed_back_since_is_changed_and_journalled_again(office: Office) -> None:
    await office.run("customers", MAPPING, ROWS)
    await office.profiles.replace(ANN, Profile({"tier": "silver"}))
    assert await office.run("customers", MAPPING, ROWS) == Told(1, 1)
    assert len(office.records()) == 3


async def test_bad_rows_are_told_with_line_and_column_and_the_rest_is_taken(office: Office) -> None:
    rows = ROWS + 'cleo,bronze,old,2020-13-01,"spa|",maybe\n,gold,3,,,\nann,gold,41,2020-01-02,spa|golf,true\n'
    told = await office.run("customers", MAPPING, rows + "ann,silver,41,2020-01-02,spa|golf,true\ndan,gold,1,,,true\n")
    assert (told.taken, told.repeated) == (3, 1)
    first, second, third = told.bad
    for said in ("line 4: ", "Tier: 'bronze'", "Age: 'old'", "Since: '2020-13-01'", "Likes: ", "Mail: 'maybe'"):
        assert said in first
    assert second == "line 5: ID: is missing; give every customer an id"
    assert third == "line 7: ID: 'ann' was on line 2 already, and not the same; keep one line for each customer"
