"""Views send every value where LightGBM sends it: the oracle is its rule, word by word."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from models.forest.forest import Missing, Split
from models.forest.kernel import look_up
from models.forest.views import Place, View, category_view, lay_out_views, rank_view
from tests.models.forest.awkward import Floats

ZERO = float(np.float32(1e-35))
THRESHOLDS = [-math.inf, -1.5, -1e-30, -ZERO, -1e-36, -0.0, 0.0, 5e-324, 1e-36, ZERO, 1e-30, 2.0, 1e300, math.inf]
WORDS = [(0b1011,), (0, 1), (1 << 31, 0, 0b10), (), (0xFFFFFFFF,), (0b1,), (0b10,), (0b100,), (0b1000,), (0, 0, 0, 1)]


def around(points: Sequence[float]) -> Floats:
    """Points, their neighbours, and the values that are nobody's neighbours."""
    values = np.array([*points, 0.0, -0.0, 1.0, 31.5, 2147483648.0, -1.0, -0.5, 0.5, 1e18])
    return np.concatenate([values, np.nextafter(values, -np.inf), np.nextafter(values, np.inf), [np.nan]])


def goes_left(split: Split, value: float) -> bool:
    """Tree::NumericalDecision and Tree::CategoricalDecision, after the reader's rounding to zero."""
    if split.categories is not None:
        if math.isnan(value) or not -1.0 < value < 2.0**31:
            return False
        word, bit = divmod(int(value), 32)
        return word < len(split.categories) and bool(split.categories[word] >> bit & 1)
    if abs(value) <= ZERO or (math.isnan(value) and split.missing != Missing.NAN):
        value = 0.0
    if (split.missing == Missing.ZERO and value == 0.0) or (split.missing == Missing.NAN and math.isnan(value)):
        return split.missing_left
    return value <= split.threshold


def sent_left(view: View, places: Sequence[Place], values: Floats) -> NDArray[np.bool_]:
    """Where the kernel sends the values: (splits × values)."""
    views = lay_out_views([(0, view)])
    found = np.zeros((len(view.bytes), len(values)), np.uint8)
    look_up(values[None, :], np.arange(len(values)), views, found)
    return np.array([(found[place.byte] & place.mask) <= place.limit for place in places])


def assert_as(
    oracle: Callable[[Split, float], bool], splits: Sequence[Split], left: NDArray[np.bool_], values: Floats
) -> None:
    for split, row in zip(splits, left, strict=True):
        for value, went in zip(values.tolist(), row.tolist(), strict=True):
            assert went == oracle(split, value), (split, value)


@pytest.mark.parametrize("missing", Missing)
@pytest.mark.parametrize("missing_left", [True, False])
@pytest.mark.parametrize("count", [1, 2, 5, 6, 7, len(THRESHOLDS)])
def test_numbers_go_where_lightgbm_sends_them(missing: Missing, missing_left: bool, count: int) -> None:
    thresholds = np.random.default_rng(count).permutation(THRESHOLDS)[:count].tolist()
    splits = [Split(0, threshold, missing, missing_left, -1, -2) for threshold in thresholds]
    values = around(THRESHOLDS)
    assert_as(goes_left, splits, sent_left(*rank_view(splits), values), values)


@pytest.mark.parametrize("count", [254, 255, 256, 600])
def test_more_thresholds_than_a_byte_can_tell_apart_take_more_bytes(count: int) -> None:
    splits = [Split(0, float(number), Missing.NAN, False, -1, -2) for number in range(count)]
    view, places = rank_view(splits)
    assert len(view.bytes) == -(-count // 255)
    values = around(range(count))
    assert_as(goes_left, splits, sent_left(view, places, values), values)


def test_categories_go_where_lightgbm_sends_them() -> None:
    splits = [Split(0, 0.0, Missing.NONE, False, -1, -2, words) for words in [*WORDS, WORDS[0]]]
    view, places = category_view(splits, None)
    assert len(view.bytes) == 2
    assert places[-1] == places[0]
    values = around([0, 1, 2, 3, 30, 31, 32, 33, 63, 64, 65, 66, 96, 97])
    assert_as(goes_left, splits, sent_left(view, places, values), values)


def test_a_code_is_its_category_and_nothing_beside_it_is() -> None:
    codes = [5, 6, 2**47, 2**48 - 1]
    splits = [Split(0, 0.0, Missing.NONE, False, -1, -2, words) for words in [(0b0101,), (0b0010,), (0b10011000,)]]
    values = around(codes)

    def oracle(split: Split, value: float) -> bool:
        return value in codes and goes_left(split, float(codes.index(int(value))))

    assert_as(oracle, splits, sent_left(*category_view(splits, codes), values), values)
