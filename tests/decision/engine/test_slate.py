from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import chisquare

from decision.engine.drawing import point_of
from decision.engine.limit import Limit, Limits
from decision.engine.slate import Slate, fill_slate, first_rank, mixed, powers_of
from rules.choice import Exploration
from rules.reason import Reason

# A score whose ratio to the best is too small for a float64 is drawn as zero is, so none are that far apart here.
amounts = st.one_of(st.just(0.0), st.floats(1e-150, 1e150), st.floats(1e-6, 1.0))
temperatures = st.one_of(st.just(0.0), st.floats(1e-9, 50.0))


def fill(
    scores: list[float],
    slots: int,
    epsilon: float = 0.0,
    temperature: float = 0.0,
    limits: tuple[Limit, ...] = (),
    mandatory: tuple[int, ...] = (),
    closed: tuple[int, ...] = (),
    seed: int = 1,
    none: bool = False,
) -> Slate:
    open = np.ones(len(scores), np.bool_)
    open[list(closed)] = False
    return draw(np.array(scores), open, slots, Exploration(epsilon, temperature), limits, mandatory, seed, none)


def draw(
    scores: NDArray[np.float64],
    open: NDArray[np.bool_],
    slots: int,
    exploration: Exploration,
    limits: Sequence[Limit] = (),
    mandatory: Sequence[int] = (),
    seed: int = 1,
    none: bool = False,
) -> Slate:
    stacked, first = Limits.of(limits, len(scores)), np.array(mandatory, np.int64)
    return fill_slate(scores, open, slots, exploration, stacked, first, seed, none)


def shown(slate: Slate) -> list[int]:
    return [place.candidate for place in slate.places]


def shares(scores: list[float], temperature: float) -> NDArray[np.float64]:
    powers = powers_of(np.array(scores), np.ones(len(scores), np.bool_), temperature)
    return np.asarray(powers / powers.sum(), np.float64)


def chances_of(scores: list[float], epsilon: float, temperature: float) -> NDArray[np.float64]:
    return mixed(shares(scores, temperature), len(scores), epsilon)


def limit(codes: list[int], most: int, reason: Reason = Reason.ATTRIBUTE_LIMIT) -> Limit:
    return Limit(np.array(codes, np.int32), np.full(max(codes, default=0) + 1, most), reason, 0)


@given(st.lists(amounts, min_size=1, max_size=30), temperatures)
def test_shares_are_a_distribution_that_keeps_the_order_of_the_scores(scores: list[float], temperature: float) -> None:
    share = shares(scores, temperature)
    assert share.sum() == pytest.approx(1.0)
    assert (share >= 0.0).all()
    assert share[int(np.argmax(scores))] == share.max()
    for better, worse in zip(range(len(scores)), range(1, len(scores)), strict=False):
        if scores[better] == scores[worse] and temperature > 0.0:
            assert share[better] == share[worse]


@given(st.lists(st.floats(0.01, 100.0), min_size=1, max_size=12), st.floats(0.2, 5.0))
def test_shares_follow_the_power_of_the_score(scores: list[float], temperature: float) -> None:
    powers = [score ** (1.0 / temperature) for score in scores]
    expected = [power / sum(powers) for power in powers]
    assert shares(scores, temperature) == pytest.approx(expected, rel=1e-9)


def test_scores_far_apart_neither_overflow_nor_become_uniform() -> None:
    share = shares([1e-300, 2e-300, 1e300], 0.01)
    assert share.tolist() == [0.0, 0.0, 1.0]


def test_temperature_zero_takes_the_best_and_of_equals_the_first() -> None:
    assert shown(fill([1.0, 3.0, 3.0, 2.0], 4)) == [1, 2, 3, 0]
    assert [place.probability for place in fill([1.0, 3.0, 3.0, 2.0], 4).places] == [1.0] * 4


def test_scores_that_are_all_zero_are_drawn_uniformly() -> None:
    drawn = {shown(fill([0.0, 0.0, 0.0], 1, seed=seed))[0] for seed in range(50)}
    assert drawn == {0, 1, 2}
    assert fill([0.0, 0.0, 0.0], 1).places[0].probability == pytest.approx(1 / 3)


@settings(max_examples=60)
@given(
    st.lists(amounts, min_size=1, max_size=15),
    st.floats(0.0, 1.0),
    # At lower temperatures the last digit of a score alone decides the chances.
    st.just(0.0) | st.floats(0.01, 50.0),
    st.integers(1, 6),
    st.integers(0, 2**32),
    st.data(),
)
def test_every_slate_keeps_its_promises(
    scores: list[float], epsilon: float, temperature: float, slots: int, seed: int, data: st.DataObject
) -> None:
    codes = data.draw(st.lists(st.integers(-1, 3), min_size=len(scores), max_size=len(scores)))
    most = data.draw(st.integers(1, 3))
    closed = tuple(data.draw(st.sets(st.integers(0, len(scores) - 1))))
    slate = fill(scores, slots, epsilon, temperature, (limit(codes, most),), (), closed, seed)
    chosen = shown(slate)
    assert len(set(chosen)) == len(chosen) <= slots
    assert not set(chosen) & set(closed)
    held: list[int] = []
    for rank, place in enumerate(slate.places):
        above = chosen[:rank]
        used = {code: sum(codes[row] == code for row in above) for code in codes if code >= 0}
        within = [
            row
            for row in range(len(scores))
            if row not in above and row not in closed and used.get(codes[row], 0) < most
        ]
        assert place.candidate in within
        chances = chances_of([scores[row] for row in within], epsilon, temperature)
        assert chances.sum() == pytest.approx(1.0)
        assert place.probability == pytest.approx(chances[within.index(place.candidate)], rel=1e-9)
        assert place.probability > 0.0
        held = [row for row in range(len(scores)) if row not in [*above, *closed] and row not in within]
    if len(chosen) == slots:
        assert np.flatnonzero(slate.held_by >= 0).tolist() == held


@pytest.mark.parametrize(("epsilon", "temperature"), [(0.3, 0.0), (0.2, 0.5), (0.0, 1.0)])
def test_sampled_frequencies_fit_the_stated_probabilities(epsilon: float, temperature: float) -> None:
    scores = [0.1, 0.4, 0.2, 0.8, 0.05]
    draws = 4000
    counts = np.zeros((5, 5))
    stated = np.zeros((5, 5))
    for seed in range(draws):
        first, second = fill(scores, 2, epsilon, temperature, seed=seed).places
        counts[first.candidate, second.candidate] += 1
    for first_row, chance in enumerate(chances_of(scores, epsilon, temperature)):
        rest = [row for row in range(5) if row != first_row]
        stated[first_row, rest] = chance * chances_of([scores[row] for row in rest], epsilon, temperature)
    assert stated.sum() == pytest.approx(1.0)
    possible = stated > 0.0
    assert counts[~possible].sum() == 0
    assert chisquare(counts[possible], stated[possible] * draws).pvalue > 1e-3


def test_mandatory_candidates_come_first_when_open_and_count_towards_the_limits() -> None:
    slate = fill([9.0, 1.0, 5.0, 2.0], 3, limits=(limit([0, 0, 1, 1], 1),), mandatory=(3, 1), closed=())
    assert shown(slate) == [3, 1]
    assert [(place.probability, place.reason) for place in slate.places] == [(1.0, Reason.MANDATORY)] * 2
    assert slate.held_by.tolist() == [0, -1, 0, -1]
    assert shown(fill([9.0, 1.0], 1, mandatory=(1,), closed=(1,))) == [0]


def test_values_without_a_code_are_not_limited() -> None:
    assert shown(fill([3.0, 2.0, 1.0], 3, limits=(limit([-1, -1, 0], 1),))) == [0, 1, 2]


def test_a_draw_says_whether_it_explored() -> None:
    reasons = {fill([1.0, 0.5], 1, epsilon=0.5, seed=seed).places[0].reason for seed in range(40)}
    assert reasons == {Reason.RANKED, Reason.EXPLORED}


def test_no_candidate_gives_an_empty_slate() -> None:
    assert shown(fill([], 3)) == []
    assert shown(fill([1.0], 3, closed=(0,))) == []


@given(st.lists(amounts, min_size=1, max_size=15), st.floats(0.0, 1.0), temperatures, st.data())
def test_first_rank_is_the_distribution_of_the_first_draw(
    scores: list[float], epsilon: float, temperature: float, data: st.DataObject
) -> None:
    open = np.array(data.draw(st.lists(st.booleans(), min_size=len(scores), max_size=len(scores))))
    exploration, none = Exploration(epsilon, temperature), data.draw(st.booleans())
    chances = first_rank(np.array(scores), open, exploration, (), none)
    assert chances.sum() == pytest.approx(1.0)
    assert (chances[:-1][~open] == 0.0).all()
    slate = draw(np.array(scores), open, 1, exploration, seed=7, none=none)
    for place in slate.places:
        assert place.probability == chances[place.candidate]
    if none:
        assert slate.none == chances[-1]
    else:
        assert (slate.none, chances[-1]) == (0.0, 0.0 if open.any() else 1.0)


@pytest.mark.parametrize(("epsilon", "temperature"), [(0.3, 0.0), (0.2, 0.5), (0.0, 1.0), (1.0, 0.0)])
@pytest.mark.parametrize("scores", [[0.1, 0.4, 0.0], [0.0, 0.0, 0.0], [0.3, 0.2, 0.1]])
def test_whole_slates_come_as_often_as_their_ranks_say_where_nothing_may_be_shown(
    scores: list[float], epsilon: float, temperature: float
) -> None:
    """Every slate there can be, from one offer after another by `first_rank` alone, against slates that are drawn."""
    stated: dict[tuple[int, ...], float] = {}
    pending: list[tuple[tuple[int, ...], float]] = [((), 1.0)]
    while pending:
        above, chance = pending.pop()
        open = np.array([row not in above for row in range(3)])
        *following, none = first_rank(np.array(scores), open, Exploration(epsilon, temperature), (), True).tolist()
        if len(above) == 2:
            stated[above] = chance
            continue
        stated[above] = chance * none
        pending += [((*above, row), chance * each) for row, each in enumerate(following) if each > 0.0]
    assert sum(stated.values()) == pytest.approx(1.0)
    draws, counts = 4000, dict.fromkeys(stated, 0)
    for seed in range(draws):
        slate = fill(scores, 2, epsilon, temperature, seed=seed, none=True)
        assert slate.none == pytest.approx(stated[()], abs=1e-12)
        counts[tuple(shown(slate))] += 1
    possible = [slate for slate, chance in stated.items() if chance > 0.0]
    assert sum(counts[slate] for slate in possible) == draws
    if len(possible) > 1:
        expected = [stated[slate] * draws for slate in possible]
        assert chisquare([counts[slate] for slate in possible], expected).pvalue > 1e-3


def test_showing_nothing_wins_only_when_no_offer_gains_anything() -> None:
    assert shown(fill([0.0, 0.0], 2, none=True)) == []
    assert fill([0.0, 0.0], 2, none=True).none == 1.0
    assert shown(fill([0.0, 2.0, 1.0], 3, none=True)) == [1, 2]
    assert fill([0.0, 2.0, 1.0], 3, none=True).none == 0.0
    assert shown(fill([0.0, 0.0], 2, mandatory=(1,), none=True)) == [1]
    assert fill([0.0, 0.0], 2, mandatory=(1,), none=True).none == 0.0
    assert fill([], 2, none=True).none == fill([3.0], 2, closed=(0,), none=True).none == 1.0


def test_showing_nothing_has_its_share_of_what_is_explored() -> None:
    slate = fill([5.0, 0.0, 1.0], 1, epsilon=0.2, none=True)
    assert slate.none == pytest.approx(0.2 / 4)
    assert first_rank(np.array([5.0, 0.0, 1.0]), np.ones(3, np.bool_), Exploration(0.2), (), True).tolist() == (
        pytest.approx([0.85, 0.05, 0.05, 0.05])
    )


def test_a_mandatory_candidate_has_the_first_rank_for_sure() -> None:
    chances = first_rank(np.array([3.0, 1.0, 2.0]), np.array([True, False, True]), Exploration(), (1, 2))
    assert chances.tolist() == [0.0, 0.0, 1.0, 0.0]


def seed_of(point: float) -> int:
    """A seed whose second point this is: SplitMix64 backwards, for its mixer takes no two numbers to one."""
    word, step = 2**64, 0x9E3779B97F4A7C15
    for low in range(2**11):
        mixed = (int(point * 2**53) << 11) + low
        for shift, factor in ((31, 0x94D049BB133111EB), (27, 0xBF58476D1CE4E5B9), (30, 1)):
            # Twice, for a shift by that much is undone by the second at the latest.
            mixed ^= mixed >> shift ^ mixed >> 2 * shift
            mixed = mixed * pow(factor, -1, word) % word
        seed = (mixed - 2 * step) % word
        if seed < 2**63:
            return seed
    raise AssertionError(f"no seed gives {point}")


@pytest.mark.parametrize("point", [0.0, 1.0 - 2.0**-53])
@pytest.mark.parametrize("scores", [[0.0, 2.0, 1.0, 0.0], [0.0, 0.1, 0.3, 0.7, 0.0], [0.0, 1e-300, 0.0]])
def test_the_ends_of_the_draw_never_pick_what_has_no_share(scores: list[float], point: float) -> None:
    seed = seed_of(point)
    assert point_of(seed, 1) == point
    (place,) = fill(scores, 1, 0.0, 1.0, seed=seed).places
    assert scores[place.candidate] > 0.0
    (place,) = fill(scores, 1, 1.0, 1.0, seed=seed).places
    assert place.candidate == (0 if point == 0.0 else len(scores) - 1)


def test_a_strict_limit_holds_back_mandatory_offers_too_and_is_the_one_named() -> None:
    loose = limit([0, 0, 0, 1], 1)
    strict = limit([0, 0, 1, 1], 1, Reason.CONTACT_POLICY)
    slate = fill([9.0, 8.0, 7.0, 6.0], 4, limits=(loose, strict), mandatory=(0, 1, 2))
    assert shown(slate) == [0, 2]
    assert slate.held_by.tolist() == [-1, 1, -1, 1]


def test_powers_are_taken_anew_when_all_that_carried_them_is_gone() -> None:
    slate = fill([1.0, 1e-4, 3e-4], 3, temperature=0.25)
    assert shown(slate)[0] == 0
    assert slate.places[1].probability == pytest.approx({1: 1 / 82, 2: 81 / 82}[shown(slate)[1]], rel=1e-12)
    assert slate.places[2].probability == 1.0
