"""The tape against plain Python and numpy: exact ints, dates, many rows, words that come with a request, outlets."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.expression import Binding, Program, compile_expression
from rules.expression.literal import INT_MAX, INT_MIN
from rules.expression.tape_kernel import BLOCK, FALSE, TRUE, WRONG
from rules.expression.time_literal import EARLIEST, LATEST
from tests.rules.expression.generation import expression, facts, offers
from tests.rules.expression.oracle import ERROR, ours
from tests.rules.expression.world import ALWAYS_THERE, SCHEMA, table

ints = st.one_of(
    st.integers(INT_MIN, INT_MAX), st.integers(-5, 5), st.sampled_from((INT_MIN, INT_MIN + 1, INT_MAX, 2**32, -(2**31)))
)
instants = st.integers(EARLIEST, LATEST)


def answers(source: str, rows: list[dict[str, Any]], **known: Any) -> list[Any]:
    compiled = compile_expression(source, SCHEMA, gives="feature")
    request = {**ALWAYS_THERE, **{path.replace("__", "."): value for path, value in known.items()}}
    return ours(Program([compiled]).bind(table(rows)).run(request)[0], len(rows))


def exactly(sign: str, left: int, right: int) -> int | str:
    if sign in "/%" and right == 0:
        return ERROR
    quotient = (abs(left) // abs(right)) * (1 if (left < 0) == (right < 0) else -1) if sign in "/%" else 0
    result = {"+": left + right, "-": left - right, "*": left * right, "/": quotient}.get(sign, left - right * quotient)
    overflows = not INT_MIN <= result <= INT_MAX or (sign == "%" and left == INT_MIN and right == -1)
    return ERROR if overflows else result


@pytest.mark.parametrize("sign", ["+", "-", "*", "/", "%"])
@settings(max_examples=40, deadline=None)
@given(lefts=st.lists(ints, min_size=1, max_size=9), right=ints)
def test_ints_are_exact_or_an_error(sign: str, lefts: list[int], right: int) -> None:
    rows = [{"count": left} for left in lefts]
    expected = [exactly(sign, left, right) for left in lefts]
    assert answers(f"offer.count {sign} customer.count", rows, customer__count=right) == expected
    assert answers(f"customer.count {sign} context.party", [{}], customer__count=lefts[0], context__party=right) == [
        expected[0]
    ]


PARTS: dict[str, Callable[[Any], Any]] = {
    "getFullYear": lambda at: at.astype("datetime64[Y]").astype(int) + 1970,
    "getMonth": lambda at: at.astype("datetime64[M]").astype(int) % 12,
    "getDate": lambda at: (at.astype("datetime64[D]") - at.astype("datetime64[M]")).astype(int) + 1,
    "getDayOfMonth": lambda at: (at.astype("datetime64[D]") - at.astype("datetime64[M]")).astype(int),
    "getDayOfYear": lambda at: (at.astype("datetime64[D]") - at.astype("datetime64[Y]")).astype(int),
    "getDayOfWeek": lambda at: (at.astype("datetime64[D]").astype(int) + 4) % 7,
    "getHours": lambda at: at.astype("datetime64[h]").astype(int) % 24,
    "getMinutes": lambda at: at.astype("datetime64[m]").astype(int) % 60,
    "getSeconds": lambda at: at.astype("datetime64[s]").astype(int) % 60,
    "getMilliseconds": lambda at: at.astype("datetime64[ms]").astype(int) % 1000,
}


@pytest.mark.parametrize("part", PARTS)
@settings(max_examples=20, deadline=None)
@given(moments=st.lists(instants, min_size=1, max_size=20))
def test_parts_of_instants_are_numpys(part: str, moments: list[int]) -> None:
    expected = PARTS[part](np.array(moments, "datetime64[ms]")).tolist()
    assert answers(f"offer.moment.{part}()", [{"moment": moment} for moment in moments]) == expected
    assert answers(f"now.{part}()", [{}], now=moments[0]) == expected[:1]


def test_rows_beyond_one_block_are_like_those_within() -> None:
    few: list[dict[str, Any]] = [{"count": 1, "word": "a", "tags": ("a",)}, {"count": 2, "word": "b"}, {}]
    many = [few[row % 3] for row in range(2 * BLOCK + 5)]
    for source in (
        "offer.count * 3 > customer.count && offer.word in affinity.brand",
        "offer.word in affinity.brand ? affinity.brand[offer.word] : 0.0",
        "has(offer.word) ? offer.word + customer.word : 'none'",
        "customer.tags.exists(tag, tag in offer.tags)",
    ):
        known = {"customer__count": 5, "affinity__brand": {"a": 0.5}, "customer__word": "c", "customer__tags": ("a",)}
        expected = answers(source, few, **known)
        assert answers(source, many, **known) == [expected[row % 3] for row in range(len(many))]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        # Words that no offer holds meet each other, in equality and in look-ups, whichever way they came in.
        ("customer.word == context.word", [True, True]),
        ("customer.word in affinity.brand", [True, True]),
        ("affinity.brand[customer.word]", [2.0, 2.0]),
        ("customer.word in customer.tags", [True, True]),
        ("(offer.word + customer.word) in affinity.brand", [True, False]),
        ("affinity.brand[offer.word + customer.word]", [3.0, ERROR]),
        ("(offer.flag ? customer.word : offer.word) in affinity.brand", [True, False]),
        ("offer.flag ? customer.word : offer.word", ["new", "b"]),
        ("customer.word == trait.preferred", [False, False]),
    ],
)
def test_words_that_come_with_a_request(source: str, expected: list[Any]) -> None:
    rows = [{"word": "a", "flag": True}, {"word": "b", "flag": False}]
    brands = {"new": 2.0, "anew": 3.0, "other": 1.0}
    known = {"customer__word": "new", "context__word": "new", "trait__preferred": "other", "customer__tags": ("new",)}
    assert answers(source, rows, affinity__brand=brands, **known) == expected


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_outlets_agree(data: st.DataObject) -> None:
    sources = [expression(data.draw, type, 3) for type in ("bool", "bool", "float", "int", "string")]
    rows, known = data.draw(offers), data.draw(facts())
    bools = [compile_expression(source, SCHEMA, gives="bool") for source in sources[:2]]
    features = [compile_expression(source, SCHEMA, gives="feature") for source in sources]
    bound = Program([*bools, *features]).bind(table(rows), lambda word: float(len(word)), judged=len(bools))
    values = [ours(value, len(rows)) for value in bound.run(known)]
    verdicts, request, others = bound.answer(known)
    states = {True: TRUE, False: FALSE, ERROR: WRONG}
    assert verdicts.tolist() == [[states[answer] for answer in each] for each in values[:2]]
    narrow, wide = iter(request), iter(others)
    for source, compiled, answers in zip(sources, features, values[2:], strict=True):
        plain = [np.nan if each == ERROR else float(len(each) if isinstance(each, str) else each) for each in answers]
        numbers = [next(narrow)] * len(rows) if compiled.binding is Binding.REQUEST else next(wide)
        assert np.array_equal(numbers, plain, equal_nan=True), source
    assert [*narrow, *wide] == []


def test_many_threads_may_run_one_program() -> None:
    rows = [{"count": row, "word": "ab"[row % 2]} for row in range(3000)]
    source = "offer.word in affinity.brand ? offer.count % customer.count == 0 : offer.count < customer.count"
    bound = Program([compile_expression(source, SCHEMA, gives="bool")]).bind(table(rows), judged=1)
    requests = [{**ALWAYS_THERE, "affinity.brand": {"a": 1.0}, "customer.count": count} for count in range(1, 40)]
    expected = [bound.answer(request).verdicts.tolist() for request in requests]
    with ThreadPoolExecutor(8) as threads:
        assert [found.verdicts.tolist() for found in threads.map(bound.answer, requests)] == expected
