from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decision.subject import affinity
from decision.subject.profile import Decayed
from rules.ids import Duration, Instant
from rules.workspace import Affinity

HALF = Duration(1000)
moments = st.integers(0, 20_000).map(Instant)
entries = st.builds(Decayed, st.floats(-50.0, 50.0), moments)


def test_a_weight_halves_every_half_life() -> None:
    entry = Decayed(8.0, Instant(5000))
    assert [affinity.weight_at(entry, Instant(5000 + n * 1000), HALF) for n in range(4)] == [8.0, 4.0, 2.0, 1.0]


def test_a_weight_of_the_future_is_not_blown_up() -> None:
    assert affinity.weight_at(Decayed(8.0, Instant(5000)), Instant(0), HALF) == 8.0


@given(entries, st.lists(moments, min_size=2))
def test_decay_in_steps_is_decay_at_once(entry: Decayed, steps: list[Instant]) -> None:
    stations = sorted(step for step in steps if step >= entry.at)
    stepped = entry
    for earlier, later in pairwise([entry.at, *stations]):
        assert stepped.at == earlier
        stepped = Decayed(affinity.weight_at(stepped, later, HALF), later)
    last = stepped.at
    assert stepped.weight == pytest.approx(affinity.weight_at(entry, last, HALF))


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), entries), min_size=1, max_size=12))
def test_late_events_count_as_if_they_had_come_in_time(events: list[tuple[str, Decayed]]) -> None:
    in_time: dict[str, Decayed] = {}
    for value, entry in sorted(events, key=lambda event: event[1].at):
        in_time = affinity.add(in_time, value, entry, HALF)
    any_order: dict[str, Decayed] = {}
    for value, entry in events:
        any_order = affinity.add(any_order, value, entry, HALF)
    now = Instant(20_000)
    for value, entry in in_time.items():
        direct = sum(affinity.weight_at(event, now, HALF) for word, event in events if word == value)
        assert affinity.weight_at(any_order[value], now, HALF) == pytest.approx(direct, abs=1e-9)
        assert affinity.weight_at(entry, now, HALF) == pytest.approx(direct, abs=1e-9)


@given(entries, entries)
def test_combining_does_not_care_for_the_order(first: Decayed, second: Decayed) -> None:
    assert affinity.combine(first, second, HALF) == affinity.combine(second, first, HALF)


def test_merging_subjects_adds_their_weights() -> None:
    merged = affinity.merge([{"a": Decayed(4.0, Instant(0))}, {"a": Decayed(1.0, Instant(1000))}], HALF)
    assert merged == {"a": Decayed(3.0, Instant(1000))}


def test_the_weakest_values_go_once_there_are_too_many() -> None:
    many: dict[str, Decayed] = {}
    for number in range(affinity.MOST_VALUES + 50):
        many = affinity.add(many, f"v{number:04}", Decayed(1.0 + number, Instant(0)), HALF)
    assert len(many) == affinity.MOST_VALUES
    assert min(entry.weight for entry in many.values()) == 51.0


def test_forgotten_values_are_not_given() -> None:
    stored = {"old": Decayed(1.0, Instant(0)), "new": Decayed(1.0, Instant(90_000))}
    assert affinity.weights(stored, Instant(90_000), HALF) == {"new": 1.0}


def test_half_lives_are_read_as_durations() -> None:
    assert affinity.half_life_of(Affinity("brand", "brand", "30d", {})) == 30 * 86_400_000


@given(st.dictionaries(st.text(max_size=3), entries, max_size=9), moments)
def test_all_weights_are_each_ones_own_in_alphabetical_order(kept: dict[str, Decayed], now: Instant) -> None:
    each = {value: affinity.weight_at(kept[value], now, HALF) for value in sorted(kept)}
    known = {value: weight for value, weight in each.items() if abs(weight) >= affinity.NEGLIGIBLE}
    assert [*affinity.weights(kept, now, HALF).items()] == [*known.items()]
