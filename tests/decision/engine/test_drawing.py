import inspect
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import kstest

from decision.engine import drawing
from decision.engine.drawing import point_of
from decision.engine.limit import Limit, Limits
from decision.engine.slate import fill_slate, mixed
from models import numpy_loops
from rules.choice import Exploration
from rules.reason import Reason

# A score whose ratio to the best is too small for a float64 is drawn as zero is, so none are that far apart here.
amounts = st.one_of(st.just(0.0), st.floats(1e-150, 1e150), st.floats(1e-6, 1.0), st.sampled_from([1.0, 1e-3, 1e-12]))
temperatures = st.one_of(st.sampled_from([0.0, 0.15, 1.0]), st.floats(1e-9, 50.0))


MASK = 2**64 - 1


def split_mix(seed: int, count: int) -> list[int]:
    """SplitMix64 as published, in whole numbers of any size."""
    numbers = []
    for at in range(1, count + 1):
        mixed = (seed + at * 0x9E3779B97F4A7C15) & MASK
        mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9 & MASK
        mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB & MASK
        numbers.append(mixed ^ mixed >> 31)
    return numbers


def holders(places: Sequence[int], limits: Sequence[Limit], size: int) -> list[int]:
    """For each candidate the first limit that was full of its code, a strict one before others."""
    found = [-1] * size
    for above in range(1, len(places) + 1):
        for index, each in enumerate(limits):
            code = each.codes[places[above - 1]]
            number = sum(each.codes[row] == code for row in places[:above])
            if code >= 0 and number >= each.room[code]:
                for row in np.flatnonzero(each.codes == code).tolist():
                    if found[row] < 0 or each.strict:
                        found[row] = index
    return found


def plain_powers(scores: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    best = scores.max()
    if best == 0.0:
        return np.ones(len(scores))
    if temperature == 0.0:
        return np.asarray(np.arange(len(scores)) == int(scores.argmax()), np.float64)
    with np.errstate(divide="ignore"):
        return np.asarray(np.exp(np.log(scores / best) / temperature), np.float64)


def plain_slate(
    scores: NDArray[np.float64],
    open: NDArray[np.bool_],
    slots: int,
    exploration: Exploration,
    limits: Sequence[Limit],
    mandatory: Sequence[int],
    points: Sequence[float],
    none: bool,
) -> tuple[list[tuple[int, float, Reason]], list[int], float]:
    """What `fill_slate` promises, candidate by candidate.

    The places, what held each candidate at the last draw, and the chance of an empty slate. Showing nothing stands
    behind the candidates, with the least score above zero.
    """
    candidates, slots, empty = len(scores), min(slots, len(scores)), 1.0
    if none:
        scores, open = np.append(scores, 5e-324), np.append(open, True)
    places: list[tuple[int, float, Reason]] = []
    held: list[int] = [-1] * len(scores)
    powers = np.zeros(len(scores))
    drawn_by = iter(points)

    for wanted in mandatory:
        by = holders([row for row, _, _ in places], limits, len(scores))[wanted]
        barred = by >= 0 and limits[by].strict
        if len(places) < slots and open[wanted] and not barred and wanted not in [row for row, _, _ in places]:
            places.append((wanted, 1.0, Reason.MANDATORY))
            empty = 0.0
    while len(places) < slots:
        gone = [row for row, _, _ in places]
        held = holders(gone, limits, len(scores))
        free = [row for row in range(len(scores)) if open[row] and row not in gone and held[row] < 0]
        if not free:
            break
        if sum(powers[free].tolist()) < 1e-9:
            powers[free] = plain_powers(scores[free], exploration.temperature)
        edges = list(accumulate(powers[free].tolist()))
        to_explore, point = next(drawn_by), next(drawn_by)
        explored = to_explore < exploration.epsilon
        if explored:
            at = int(point * len(free))
        else:
            past = [at for at, edge in enumerate(edges) if edge > point * edges[-1]]
            at = past[0] if past else edges.index(edges[-1])
        if not places:
            empty = mixed(powers[free[-1]] / edges[-1], len(free), exploration.epsilon)
        if free[at] == candidates:
            break
        chance = mixed(powers[free[at]] / edges[-1], len(free), exploration.epsilon)
        places.append((free[at], chance, Reason.EXPLORED if explored else Reason.RANKED))
    gone = [row for row, _, _ in places]
    held = [-1 if row in gone or not open[row] else by for row, by in enumerate(held)]
    return places, held[:candidates], empty if none else 0.0


@settings(max_examples=300)
@given(
    st.lists(amounts, min_size=1, max_size=12),
    st.sampled_from([0.0, 0.05, 0.5, 1.0]),
    temperatures,
    st.integers(1, 14),
    st.integers(-(2**63), 2**64),
    st.data(),
)
def test_draws_equal_a_plain_draw_bit_for_bit(
    scores: list[float], epsilon: float, temperature: float, slots: int, seed: int, data: st.DataObject
) -> None:
    size = len(scores)
    open = np.array(data.draw(st.lists(st.booleans() | st.just(True), min_size=size, max_size=size)))
    limits = [
        Limit(
            np.array(data.draw(st.lists(st.integers(-1, 2), min_size=size, max_size=size)), np.int32),
            np.array(data.draw(st.lists(st.integers(1, 3), min_size=3, max_size=3))),
            data.draw(st.sampled_from([Reason.ATTRIBUTE_LIMIT, Reason.CONTACT_POLICY])),
            index,
        )
        for index in range(data.draw(st.integers(0, 3)))
    ]
    mandatory, none = data.draw(st.lists(st.integers(0, size - 1), max_size=3)), data.draw(st.booleans())
    exploration = Exploration(epsilon, temperature)
    stacked, first = Limits.of(limits, size), np.array(mandatory, np.int64)
    points = [(number >> 11) / 2**53 for number in split_mix(seed % 2**63, 2 * slots)]
    slate = fill_slate(np.array(scores), open, slots, exploration, stacked, first, seed, none)
    places, held, empty = plain_slate(np.array(scores), open, slots, exploration, limits, mandatory, points, none)
    assert [(place.candidate, place.probability, place.reason) for place in slate.places] == places
    assert slate.held_by.tolist() == held
    assert slate.none == empty
    assert slate.ended == (none and len(places) < min(slots, size))


def test_the_compiled_draw_knows_the_reasons_by_their_numbers() -> None:
    assert (drawing.RANKED, drawing.EXPLORED, drawing.MANDATORY) == (Reason.RANKED, Reason.EXPLORED, Reason.MANDATORY)


@pytest.mark.parametrize("kernel", [drawing.place, drawing.take_powers])
def test_another_file_of_numpys_loops_is_another_draw_to_the_cache_on_disk(kernel: Any) -> None:
    text = Path(numpy_loops.__file__).read_bytes()
    assert inspect.getclosurevars(kernel.py_func).nonlocals == {"loops_file": crc32(text)}


def test_the_plain_generator_gives_the_numbers_that_others_publish() -> None:
    assert split_mix(1234567, 3) == [6457827717110365317, 3203168211198807973, 9817491932198370423]


@given(st.integers(0, 2**63 - 1), st.integers(1, 20))
def test_points_are_the_first_53_bits_of_the_numbers_of_the_seed(seed: int, count: int) -> None:
    found = [point_of(seed, number) for number in range(count)]
    assert found == [(number >> 11) / 2**53 for number in split_mix(seed, count)]


@pytest.mark.parametrize("number", [0, 1])
def test_points_of_neighbouring_seeds_are_uniform(number: int) -> None:
    assert kstest([point_of(seed, number) for seed in range(4000)], "uniform").pvalue > 1e-3
