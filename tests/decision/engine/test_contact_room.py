from collections import Counter
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decision.engine.engine import decide
from decision.engine.request import DecisionRequest
from decision.engine.snapshot import Snapshot
from decision.subject.profile import EMPTY_PROFILE
from rules.contact import contact_record, read_contacts
from rules.ids import Instant, OfferId, PlacementId
from rules.instant import parse_instant
from rules.workspace import Channel
from tests.decision.small_workspace import snapshot_with

NOW = parse_instant("2026-04-15T10:00:00Z")
HOUR = 3_600_000
HOME = PlacementId("home")
OFFERS = [OfferId(id) for id in ("alba-spa", "alba-family", "brisa-family", "corte-romantic", "corte-family", "gone")]
ALL_ROOM: dict[str, object] = {"placements": {"home": {"at_most": {"theme": 12}, "slots": 12}}, "rules": []}
PER_THEME: dict[str, object] = {"id": "p", "count": "decision", "per": "theme", "at_most": 3, "within": "24h"}
POLICIES: list[dict[str, object]] = [
    PER_THEME,
    PER_THEME | {"unless": ["click"]},
    PER_THEME | {"unless": ["click"], "rest": "12h"},
    PER_THEME | {"rest": "12h", "together": False},
    PER_THEME | {"per": None, "at_most": 5, "rest": "2h"},
]
CONTACTS = st.lists(
    st.tuples(
        st.integers(0, 30),
        st.sampled_from(OFFERS),
        st.sampled_from(["decision", "decision", "click"]),
        st.sampled_from(["web", "email"]),
    ),
    max_size=10,
)


@cache
def snapshot(number: int) -> Snapshot:
    return snapshot_with({**ALL_ROOM, "contact_policy": [POLICIES[number]]})


@pytest.mark.parametrize("number", range(len(POLICIES)))
@settings(max_examples=40)
@given(contacts=CONTACTS, seed=st.integers(0, 2**32))
def test_a_slate_takes_of_each_value_what_the_policy_leaves_room_for_and_no_more(
    number: int, contacts: list[tuple[int, OfferId, str, Channel]], seed: int
) -> None:
    bound = snapshot(number).placements[HOME].bound
    history = read_contacts(
        b"".join(
            contact_record(Instant(NOW - hours * HOUR), offer, kind, channel, 1)
            for hours, offer, kind, channel in contacts
        )
    )
    decision = decide(DecisionRequest(HOME), EMPTY_PROFILE, history, snapshot(number), NOW, seed)
    (policy,) = bound.policies.policies
    there = Counter(policy.candidates.tolist())
    # One offer is out of its period.
    there[int(policy.candidates[bound.position[OfferId("corte-old")]])] -= 1
    taken = Counter(int(policy.candidates[bound.position[shown.offer]]) for shown in decision.offers)
    standings = bound.tally.standings(history, NOW)
    for value, offers in there.items():
        room = max(policy.entry.at_most - standings.of(0, value).count, 0)
        assert taken[value] == min(room, offers)
