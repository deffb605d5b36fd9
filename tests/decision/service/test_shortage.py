from hypothesis import given
from hypothesis import strategies as st

from decision.service.claims import claim_at
from decision.service.shortage import KNOWN_MILLISECONDS, Shortage
from rules.ids import Instant, PlacementId
from rules.instant import parse_instant
from tests.decision.small_workspace import snapshot_with

NOW = parse_instant("2026-04-15T10:00:00Z")
DAY = 86_400_000
CALL, HOME = PlacementId("call"), PlacementId("home")
LIMITS: list[dict[str, object]] = [
    {"id": "total", "per": "brand", "at_most": 9},
    {"id": "a-day", "per": "theme", "at_most": 9, "within": "day", "channels": ["web"]},
]
SNAPSHOTS = [snapshot_with({"volume": LIMITS}, version) for version in ("one", "two")]
SLOTS = 3

STEP = st.one_of(
    st.tuples(st.just("passes"), st.integers(0, 2 * KNOWN_MILLISECONDS), st.just(0)),
    st.tuples(st.just("remember"), st.integers(0, 6), st.integers(0, 5)),
    st.tuples(st.just("forget"), st.integers(0, 6), st.just(0)),
)


@given(steps=st.lists(STEP, max_size=12))
def test_what_is_nearly_gone_is_known_for_a_second_on_its_own_day(steps: list[tuple[str, int, int]]) -> None:
    moment = NOW
    shortage = Shortage(lambda: Instant(moment))
    snapshot = SNAPSHOTS[0]
    home, call = (snapshot.placement(id).bound.volumes for id in (HOME, CALL))
    places = sorted(home.own)
    known: dict[int, tuple[int, int]] = {}
    for what, number, left in steps:
        place = places[number % len(places)]
        claim = claim_at(home.places, place, 1, NOW)
        if what == "passes":
            moment = Instant(moment + number)
        elif what == "forget":
            shortage.forget({claim.counter})
            known.pop(place, None)
        else:
            shortage.remember([(claim, left)], home, SLOTS)
            known.pop(place, None)
            if left < SLOTS:
                known[place] = (left, moment + KNOWN_MILLISECONDS)
        for volumes in (home, call):
            wanted = {at: left for at, (left, until) in known.items() if moment < until and at in volumes.own}
            for _ in range(2):
                assert dict(shortage.terms(volumes, NOW).room) == wanted
            total = {at: left for at, left in wanted.items() if volumes.places[at].limit.within == "total"}
            assert dict(shortage.terms(volumes, Instant(NOW + DAY)).room) == total


def test_another_catalogue_numbers_its_places_anew() -> None:
    shortage = Shortage(lambda: NOW)
    first, second = (snapshot.placement(CALL).bound.volumes for snapshot in SNAPSHOTS)
    shortage.remember([(claim_at(first.places, 0, 1, NOW), 0)], first, SLOTS)
    assert shortage.terms(first, NOW).room == ((0, 0),)
    assert shortage.terms(second, NOW).room == ()
    shortage.remember([(claim_at(second.places, 1, 1, NOW), 0)], second, SLOTS)
    assert shortage.terms(second, NOW).room == ((1, 0),)
    assert shortage.terms(first, NOW).room == ()


def test_all_places_are_looked_at_once_a_second() -> None:
    moment = NOW
    shortage = Shortage(lambda: Instant(moment))
    home, call = (SNAPSHOTS[0].placement(id).bound.volumes for id in (HOME, CALL))
    assert [shortage.due(home), shortage.due(home), shortage.due(call)] == [True, False, True]
    moment = Instant(moment + KNOWN_MILLISECONDS)
    assert [shortage.due(home), shortage.due(home)] == [True, False]
