"""Importing past decisions."""

import random
from contextlib import suppress
from functools import reduce

import numpy as np
import pytest

from decision.engine.explanation import explain
from decision.engine.facts import facts_of
from decision.journal.record import DecisionRecord, EventRecord, OutcomeRecord, ProfileRecord
from decision.keys import customer_subject
from decision.subject.changing import apply_event
from decision.subject.profile import EMPTY_PROFILE, decode_profile
from rules.contact import NO_CONTACTS, kind_key, offer_key, read_contacts
from rules.ids import CustomerId, Instant, OfferId, VisitorId
from rules.instant import parse_instant
from tests.decision.importing.conftest import Office, Told
from tests.decision.importing.test_events import HEADER as EVENT_HEADER
from tests.decision.importing.test_events import MAPPING as EVENTS
from tests.decision.small_workspace import NOW, small_snapshot

MAPPING = """
customer = "customer"
visitor = "visitor"
placement = "place"
offer = "offer"
at = "at"
probability = "p"
outcome = "came"
value = "worth"
outcome_at = "then"
[context]
device = "device"
"""
HEADER = "customer,visitor,place,offer,at,p,came,worth,then,device\n"
ROWS = (
    HEADER
    + """ann,,home,alba-romantic,2026-03-02,0.5,accept,60,2026-03-03,phone
ann,,home,,2026-03-05,0.25,,,,
ann,,home,alba-family,2026-03-05,0.5,,,,desktop
,v1,home,alba-family,2026-03-04,1,click,,,
ben,,home,alba-spa,2026-03-04,1,,,,
ben,,home,alba-spa,2026-03-04,1,,,,
"""
)
VISITS = EVENT_HEADER + "ann,,view,2026-03-01,,Brisa\nann,,booking,2026-03-04,99,Corte\nann,,view,2026-03-09,,Alba\n"
ANN = customer_subject(CustomerId("ann"))


def decisions(office: Office) -> list[DecisionRecord]:
    return sorted((r for r in office.records() if isinstance(r, DecisionRecord)), key=lambda r: (r.now, r.id))


def of(office: Office, customer: str) -> list[DecisionRecord]:
    return [record for record in decisions(office) if record.customer == customer]


async def test_records_hold_what_another_system_did(office: Office) -> None:
    assert await office.run("decisions", MAPPING, ROWS) == Told(6, 0)
    first, *rest = of(office, "ann")
    (none,) = [record for record in rest if not record.decision.offers]
    assert (first.source, first.now, first.request.context) == (
        "import",
        parse_instant("2026-03-02"),
        {"device": "phone"},
    )
    (shown,) = first.decision.offers
    assert (shown.offer, shown.rank, shown.probability) == ("alba-romantic", 1, 0.5)
    assert (first.none_probability, none.none_probability) == (0.0, 0.25)
    outcomes = {r.decision: r for r in office.records() if isinstance(r, OutcomeRecord)}
    came = outcomes[first.id]
    assert (came.kind, came.value, came.at, came.offer) == ("accept", 60.0, parse_instant("2026-03-03"), shown.offer)
    assert len(outcomes) == 2
    explained = explain(first, small_snapshot())
    assert [offer.offer for offer in explained.offers] == ["alba-romantic"]
    assert explained.replayed_equal is None
    assert explain(none, small_snapshot()).offers == ()


@pytest.mark.parametrize("events_first", [True, False])
async def test_nothing_that_came_later_is_known(office: Office, events_first: bool) -> None:
    if events_first:
        await office.run("events", EVENTS, VISITS)
    await office.run("decisions", MAPPING, ROWS)
    if not events_first:
        await office.run("events", EVENTS, VISITS)
    first, *rest = of(office, "ann")
    before, after = decode_profile(first.profile), decode_profile(rest[-1].profile)
    assert set(after.affinities["brand"]) == ({"Brisa", "Corte", "Alba"} if events_first else {"Alba"})
    assert set(before.affinities.get("brand", {})) == ({"Brisa"} if events_first else set())
    # The acceptance of 3 March is known on the 5th; that very offer was shown by then, and nothing of the 5th.
    history = read_contacts(rest[-1].contacts)
    assert history["offer"].tolist() == [offer_key(OfferId("alba-romantic"))] * 2
    assert history["kind"].tolist() == [kind_key("decision"), kind_key("accept")]
    assert len(read_contacts(first.contacts)) == 0
    (now,) = await office.profiles.load([ANN])
    assert now is not None
    assert set(now.affinities["brand"]) == {"Alba", "Brisa", "Corte"}


async def test_features_are_those_of_the_moment(office: Office) -> None:
    await office.run("events", EVENTS, VISITS)
    await office.run("decisions", MAPPING, ROWS)
    snapshot = small_snapshot()
    bound = snapshot.features.bind(snapshot.catalogue.offers)
    events = sorted((r for r in office.records() if isinstance(r, EventRecord)), key=lambda r: r.at)
    first = of(office, "ann")[0]
    workspace = snapshot.catalogue.workspace
    known = [event for event in events if event.at < first.now]
    profile = reduce(lambda one, event: apply_event(one, workspace, event), known, EMPTY_PROFILE)
    tally = snapshot.placements[first.request.placement].bound.tally
    counts = tally.count(NO_CONTACTS, first.now)
    facts = facts_of(
        snapshot.catalogue,
        snapshot.catalogue.placements[first.request.placement],
        profile,
        counts,
        {"device": "phone"},
        first.now,
    )
    expected = bound.run(facts).matrix(np.array([snapshot.rows[OfferId("alba-romantic")]]))[0]
    np.testing.assert_array_equal(first.decision.offers[0].features, expected)


async def test_the_order_of_rows_does_not_matter(office: Office) -> None:
    await office.run("decisions", MAPPING, ROWS)
    lines = ROWS.removeprefix(HEADER).splitlines(keepends=True)
    random.Random(1).shuffle(lines)
    other = Office(office.folder / "other")
    other.folder.mkdir()
    await other.run("decisions", MAPPING, HEADER + "".join(lines))
    assert other.state()[1] == office.state()[1]


async def test_the_same_file_again_changes_nothing(office: Office) -> None:
    await office.run("decisions", MAPPING, ROWS)
    before = office.state()
    assert await office.run("decisions", MAPPING, ROWS) == Told(0, 6)
    assert office.state() == before


class Killed(Exception):
    """The process ends here."""


@pytest.mark.parametrize("writes", range(0, 24, 2))
async def test_an_import_killed_anywhere_is_completed_by_the_next(office: Office, writes: int) -> None:
    await office.run("decisions", MAPPING, ROWS)
    whole = office.state()
    other = Office(office.folder / "other")
    other.folder.mkdir()
    left = writes
    names = ("compare_and_put", "add_to_log")

    def counted(name: str) -> object:
        real = getattr(other.store, name)

        async def call(*args: object, **kwargs: object) -> object:
            nonlocal left
            left -= 1
            if left < 0:
                raise Killed
            return await real(*args, **kwargs)

        return call

    vars(other.store).update({name: counted(name) for name in names})
    with suppress(Killed):
        await other.run("decisions", MAPPING, ROWS)
    for name in names:
        del vars(other.store)[name]
    await other.settle()
    told = await other.run("decisions", MAPPING, ROWS)
    assert told.taken + told.repeated == 6
    values, records = other.state()
    assert records == whole[1]
    # Two contacts of one moment may be in either order.
    assert {key: sorted(value) for key, value in values.items()} == {key: sorted(v) for key, v in whole[0].items()}


async def test_a_linked_visitors_rows_are_one_persons_history(office: Office) -> None:
    await office.identities.link(VisitorId("v1"), CustomerId("ann"), "login", NOW)
    await office.run("decisions", MAPPING, ROWS)
    theirs = of(office, "ann")
    assert sum(record.visitor == "v1" for record in theirs) == 1
    assert len(read_contacts(theirs[-1].contacts)) == 4


async def test_what_was_known_before_a_deletion_stays_forgotten(office: Office) -> None:
    await office.run("events", EVENTS, VISITS)
    await office.profiles.delete(ANN)
    office.now = Instant(office.now + 1)
    await office.journal.append(ProfileRecord("gone", office.now, CustomerId("ann"), "delete"))
    await office.settle()
    await office.run("decisions", MAPPING, ROWS)
    assert all("Brisa" not in decode_profile(r.profile).affinities.get("brand", {}) for r in of(office, "ann"))


async def test_bad_rows_are_told_and_the_rest_is_taken(office: Office) -> None:
    bad = """ann,,hom,alba,2026-03-02,0.5,,,,tablet
ann,,,alba-spa,2026-03-02,,,,,
,,home,alba-spa,,1.5,,,,
,,home,alba-spa,,0.5,accept,much,2026-03-01,
ann,,home,alba-spa,2026-03-02,0.5,accept,,2026-03-01,
"""
    told = await office.run("decisions", MAPPING, ROWS + bad)
    assert told.taken == 6
    one, two, three, four, five = told.bad
    assert "place: 'hom' is not a placement" in one
    assert "did you mean 'home'?" in one
    assert "offer: 'alba' is not in the catalogue" in one
    assert "device: 'tablet'" in one
    assert one.startswith("line 8: ")
    assert "place: is missing" in two
    assert "p: is missing" in two
    assert three == "line 10: p: 1.5 is not a probability; give one above 0 and at most 1"
    assert "worth: 'much'" in four
    assert five == "line 12: then: lies before the decision; an outcome follows it"
