from collections.abc import Mapping
from functools import cache

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rules.bound_placement import BoundPlacement
from rules.catalogue import Catalogue
from rules.contact import NO_CONTACTS, ContactHistory, contact_record, read_contacts
from rules.expression import Program, compile_expression
from rules.facts import FactValue
from rules.ids import Instant, OfferId, PlacementId, PolicyId
from rules.instant import parse_instant
from rules.reason import Reason
from rules.workspace import CHANNELS, Channel, ContactPolicy, Goal, Rule
from tests.rules.small_workspace import TOML, check, replaced

NOW = parse_instant("2026-04-15T10:00:00Z")
HOME, CALL, MAIL = PlacementId("home"), PlacementId("call"), PlacementId("mail")


@cache
def catalogue(old: str = 'name = "small"', new: str = 'name = "small"') -> Catalogue:
    checked = check(replaced(TOML, old, new))
    assert checked.catalogue is not None, checked.findings
    return checked.catalogue


def facts(**known: FactValue) -> dict[str, FactValue]:
    """The facts that are always there, and the given ones (`customer_member` for `customer.member`)."""
    always: dict[str, FactValue] = {
        "affinity.brand": {},
        "activity.stays.frequency": 0,
        "activity.stays.monetary": 0.0,
        "now": NOW,
        "channel": "web",
        "placement": "home",
    }
    return always | {name.replace("_", ".", 1): value for name, value in known.items()}


def judged(placement: BoundPlacement, known: Mapping[str, FactValue]) -> NDArray[np.uint8]:
    """What the placement's rules say of its candidates."""
    conditions = placement.rules.conditions
    return Program(conditions).bind(placement.offers, judged=len(conditions)).answer(known).verdicts


def reasons(
    placement: BoundPlacement,
    known: Mapping[str, FactValue],
    history: ContactHistory = NO_CONTACTS,
    excluded: frozenset[OfferId] = frozenset(),
    now: Instant = NOW,
) -> dict[str, Reason]:
    screening = placement.screen(
        judged(placement, known), excluded, placement.tally.count(history, now), now, {"email": True}
    )
    return {id: Reason(int(code)) for id, code in zip(placement.offers.ids, screening.reason, strict=True)}


def test_candidates_are_what_the_filter_takes_and_the_exclude_list_leaves() -> None:
    bound = catalogue('exclude = ["brisa-spa"]', 'exclude = ["brisa-club", "brisa-spa"]').placements[MAIL]
    assert list(bound.rows) == [0, 1, 3, 4, 5, 8, 9, 11]
    assert bound.left_out == {
        2: Reason.NOT_A_CANDIDATE,
        6: Reason.NOT_A_CANDIDATE,
        7: Reason.EXCLUDED_BY_PLACEMENT,
        10: Reason.NOT_A_CANDIDATE,
    }


def test_each_reason_in_its_order() -> None:
    home = catalogue().placements[HOME]
    found = reasons(home, facts(), excluded=frozenset({OfferId("alba-club"), OfferId("nobody"), OfferId("corte-old")}))
    assert found["corte-old"] is Reason.OUT_OF_PERIOD
    assert found["alba-club"] is Reason.EXCLUDED_BY_REQUEST
    assert found["alba-spa"] is Reason.ATTRIBUTE_ABSENT
    assert reasons(home, facts(customer_member=False))["alba-spa"] is Reason.NOT_ELIGIBLE
    assert reasons(home, facts(customer_member=True))["alba-spa"] is Reason.UNDECIDED
    assert reasons(home, facts(customer_member=True))["alba-club"] is Reason.NOT_ELIGIBLE
    assert reasons(catalogue().placements[CALL], facts())["corte-romantic"] is Reason.NOT_SUITABLE


@pytest.mark.parametrize(("consents", "passes"), [({"email": True}, True), ({"email": False}, False), ({}, False)])
def test_without_consent_nothing_passes(consents: dict[str, bool], passes: bool) -> None:
    mail = catalogue().placements[MAIL]
    counts = mail.tally.count(NO_CONTACTS, NOW)
    screening = mail.screen(judged(mail, facts()), frozenset(), counts, NOW, consents)
    assert screening.passes[0] == passes
    if not passes:
        detail = mail.explain(0, screening, facts(), mail.tally.standings(NO_CONTACTS, NOW), NOW, consents)
        assert (detail.reason, detail.read) == (Reason.NO_CONSENT, {"consent.email": consents.get("email")})


def test_a_period_ends_just_before_its_end() -> None:
    home = catalogue().placements[HOME]
    starts, ends = parse_instant("2026-01-01"), parse_instant("2026-12-31")
    member = facts(customer_member=True)
    for now, open in ((starts - 1, False), (starts, True), (ends - 1, True), (ends, False)):
        found = reasons(home, member, now=Instant(now))["corte-spa"]
        assert (found is Reason.UNDECIDED) == open, now


def test_the_rule_and_the_value_read_are_told() -> None:
    home = catalogue().placements[HOME]
    known = facts(customer_member=False)
    screening = home.screen(judged(home, known), frozenset(), home.tally.count(NO_CONTACTS, NOW), NOW, {})
    detail = home.explain(2, screening, known, home.tally.standings(NO_CONTACTS, NOW), NOW)
    assert (detail.offer, detail.reason, detail.rule) == ("alba-spa", Reason.NOT_ELIGIBLE, "members-rates")
    assert detail.read == {"customer.member": False}
    assert detail.sentence == (
        "The eligibility rule members-rates does not hold: This rate is for members. (customer.member is false)"
    )


def test_the_contact_policy_entry_and_its_count_are_told() -> None:
    home = catalogue().placements[HOME]
    history = read_contacts(contact_record(Instant(NOW - 5), OfferId("alba-family"), "decision", "web", 1) * 2)
    screening = home.screen(judged(home, facts()), frozenset(), home.tally.count(history, NOW), NOW, {})
    detail = home.explain(1, screening, facts(), home.tally.standings(history, NOW), NOW)
    assert (detail.reason, detail.rule) == (Reason.CONTACT_POLICY, "same-offer-twice-a-day")
    assert detail.read == {"count": 2, "at_most": 2, "within": "1d", "offer.id": "alba-family"}
    assert "allows 2 of decision within 1d per id, and there were 2." in detail.sentence


@pytest.mark.parametrize("per", [None, "destination"])
def test_of_an_unknown_history_every_entry_may_be_used_up(per: str | None) -> None:
    base = catalogue()
    entry = ContactPolicy(PolicyId("rest"), "decision", 5, "1d", per, channels=("web",))
    workspace = msgspec.structs.replace(base.workspace, rules=(), contact_policy=(entry,))
    home = Catalogue.build(workspace, base.offers, base.version).placements[HOME]
    screening = home.screen(judged(home, facts()), frozenset(), None, NOW, {})
    counted = base.offers.columns["destination"].present if per else np.ones(len(base.offers), np.bool_)
    expected = [Reason.CONTACT_POLICY if each else Reason.UNDECIDED for each in counted.tolist()]
    expected[list(base.offers.ids).index(OfferId("corte-old"))] = Reason.OUT_OF_PERIOD
    assert screening.reason.tolist() == expected
    detail = home.explain(0, screening, facts(), None, NOW)
    assert detail.read["count"] is None
    assert "how many there were could not be read" in detail.sentence


def test_moments_are_told_as_text() -> None:
    home = catalogue().placements[HOME]
    screening = home.screen(judged(home, facts()), frozenset(), home.tally.count(NO_CONTACTS, NOW), NOW, {})
    detail = home.explain(11, screening, facts(), home.tally.standings(NO_CONTACTS, NOW), NOW)
    assert detail.read == {
        "offer.starts": "2020-01-01T00:00:00Z",
        "offer.ends": "2020-12-31T00:00:00Z",
        "now": "2026-04-15T10:00:00Z",
    }
    dated = catalogue('holds = "customer.member"', "holds = \"customer.since < timestamp('2020-01-01T00:00:00Z')\"")
    known = facts(customer_since=NOW)
    home = dated.placements[HOME]
    screening = home.screen(judged(home, known), frozenset(), home.tally.count(NO_CONTACTS, NOW), NOW, {})
    assert home.explain(2, screening, known, home.tally.standings(NO_CONTACTS, NOW), NOW).read == {
        "customer.since": "2026-04-15T10:00:00Z"
    }


FACTS = st.fixed_dictionaries(
    {"affinity_brand": st.dictionaries(st.sampled_from(["Alba", "Brisa", "Corte"]), st.floats(0, 5), max_size=3)},
    optional={
        "customer_member": st.booleans(),
        "customer_age": st.integers(10, 90),
        "customer_tier": st.sampled_from(["silver", "gold"]),
        "context_party": st.integers(1, 6),
    },
)
CONDITIONS = st.sampled_from(
    [
        "customer.member",
        "offer.nights >= context.party",
        "offer.brand in affinity.brand",
        "customer.age > 60 || offer.price < 250.0",
        "has(customer.tier) && customer.tier == 'gold'",
        "offer.nights > 1",
        "true",
        "false",
    ]
)
SELECTORS = st.sampled_from(["true", "offer.theme == 'spa'", "offer.nights > 1", "offer.brand == 'Alba'", "false"])
KINDS = st.sampled_from(["preference", "eligibility", "suitability"])
RULES = st.lists(st.tuples(CONDITIONS, SELECTORS, KINDS), max_size=5)
HISTORIES = st.lists(
    st.tuples(st.integers(0, 200), st.sampled_from(["alba-spa", "alba-family", "gone"]), st.sampled_from(CHANNELS)),
    max_size=8,
)


@settings(max_examples=60, deadline=None)
@given(RULES, FACTS, HISTORIES, st.sets(st.sampled_from(["alba-spa", "brisa-club"])), st.booleans())
def test_screening_agrees_with_going_through_the_offers_one_by_one(
    drawn: list[tuple[str, str, str]],
    known: dict[str, FactValue],
    contacts: list[tuple[int, str, Channel]],
    excluded: set[str],
    consent: bool,
) -> None:
    rules = tuple(
        msgspec.convert({"id": f"r{number}", "holds": holds, "offers": offers, "kind": kind}, Rule)
        for number, (holds, offers, kind) in enumerate(drawn)
    )
    base = catalogue()
    workspace = msgspec.structs.replace(base.workspace, rules=rules)
    built = Catalogue.build(workspace, base.offers, base.version)
    given_facts = facts(**known)
    history = read_contacts(
        b"".join(
            contact_record(Instant(NOW - hours * 3_600_000), OfferId(offer), "decision", channel, 1)
            for hours, offer, channel in contacts
        )
    )
    unwanted = frozenset(OfferId(offer) for offer in excluded)

    def value(source: str, row: int) -> tuple[bool, bool]:
        compiled = compile_expression(source, built.schema, gives="bool")
        result = Program([compiled]).bind(built.offers).run(given_facts)[0].over(len(built.offers))
        return bool(result.data[row]), bool(np.asarray(result.error)[row])

    def expected(bound: BoundPlacement, row: int) -> tuple[Reason, str]:
        id = built.offers.ids[row]
        if id == "corte-old":
            return Reason.OUT_OF_PERIOD, ""
        if id in unwanted:
            return Reason.EXCLUDED_BY_REQUEST, ""
        if bound.spec.consent and not consent:
            return Reason.NO_CONSENT, ""
        for kind, reason in (
            ("preference", Reason.NOT_WANTED),
            ("eligibility", Reason.NOT_ELIGIBLE),
            ("suitability", Reason.NOT_SUITABLE),
        ):
            for rule in rules:
                if rule.kind == kind and value(rule.offers, row) == (True, False):
                    holds, absent = value(rule.holds, row)
                    if absent or not holds:
                        return (Reason.ATTRIBUTE_ABSENT if absent else reason), rule.id
        for entry in workspace.contact_policy:
            hours = {"7d": 168, "1d": 24}[entry.within]
            same = [each for each in contacts if each[0] < hours and each[2] in entry.channels]
            number = len([each for each in same if entry.per is None or each[1] == id])
            if bound.spec.channel in entry.channels and number >= entry.at_most:
                return Reason.CONTACT_POLICY, entry.id
        return Reason.UNDECIDED, ""

    for bound in built.placements.values():
        screening = bound.screen(
            judged(bound, given_facts), unwanted, bound.tally.count(history, NOW), NOW, {"email": consent}
        )
        found = [
            (detail.reason, detail.rule)
            for detail in (
                bound.explain(index, screening, given_facts, bound.tally.standings(history, NOW), NOW)
                for index in range(len(bound.rows))
            )
        ]
        assert found == [expected(bound, int(row)) for row in bound.rows]


def test_weights_are_context_value_and_levers() -> None:
    weighty = catalogue('goal = "accept"\nconsent = "email"', 'goal = "accept"\ncontext_weight = "context.party"')
    mail = weighty.placements[MAIL]
    weights = mail.weigh(facts(context_party=3), NOW)
    assert set(weights.context) == {3.0}
    assert weights.value.tolist() == [60.0, 80.0, 12.0, 45.0, 75.0, 10.0, 90.0, 95.0, 20.0]
    assert weights.levers.tolist() == [1.2] * 6 + [1.5] * 3
    assert weights.faults == ()


def test_a_weight_that_cannot_be_evaluated_leaves_the_score_alone_and_such_a_value_is_worth_nothing() -> None:
    weighty = catalogue('goal = "accept"\nconsent = "email"', 'goal = "accept"\ncontext_weight = "context.party"')
    weights = weighty.placements[MAIL].weigh(facts(), NOW)
    assert set(weights.context) == {1.0}
    assert weights.faults == ("context_weight",)
    worth = catalogue('value = "offer.margin"', 'value = "offer.margin / double(offer.nights - 1)"')
    weights = worth.placements[HOME].weigh(facts(), NOW)
    assert weights.value.tolist() == [60.0, 80.0 / 3, 0, 0, 45.0, 75.0 / 4, 0, 0, 90.0, 95.0 / 2, 0, 0]
    assert weights.faults == ("value",)


def test_limits_and_mandatory_offers_are_places_among_the_candidates() -> None:
    home = catalogue(
        "at_most = { theme = 1 }", 'at_most = { destination = 1 }\nmandatory = ["corte-old", "alba-club"]'
    ).placements[HOME]
    assert home.mandatory == (11, 3)
    codes = home.limits["destination"]
    assert codes[3] == codes[7] == -1
    assert codes[0] == codes[2] != codes[1]


def test_a_goal_without_value_is_worth_one() -> None:
    base = catalogue()
    goals = {name: Goal(goal.outcome, goal.window) for name, goal in base.workspace.goals.items()}
    built = Catalogue.build(msgspec.structs.replace(base.workspace, goals=goals), base.offers, base.version)
    assert set(built.placements[HOME].weigh(facts(), NOW).value) == {1.0}
