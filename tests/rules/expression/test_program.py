"""Corners that the oracle cannot show: where cel-python departs from CEL, shapes of values, sharing, and absence."""

import math
from typing import Any

import numpy as np
import pytest

from rules.expression import Program, compile_expression
from rules.facts import Facts
from tests.rules.expression.oracle import ERROR, agree, ours
from tests.rules.expression.world import ALWAYS_THERE, SCHEMA, table

ROWS: tuple[dict[str, Any], ...] = (
    {"count": 7, "amount": 2.0, "word": "ab", "brand": "Alba", "tags": ("a", "b"), "points": {"a": 1.5}, "flag": True},
    {"count": -7, "amount": 0.0, "word": "b", "brand": "Brisa", "tags": (), "points": {}, "flag": False},
    {},
)
OFFERS = table(ROWS)


def evaluate(source: str, **known: Any) -> list[Any]:
    facts: Facts = {**ALWAYS_THERE, **{path.replace("__", "."): value for path, value in known.items()}}
    compiled = compile_expression(source, SCHEMA, gives="feature")
    return ours(Program([compiled]).bind(OFFERS).run(facts)[0], len(ROWS))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        # cel-python gives +inf for every division of doubles by zero; CEL follows IEEE 754.
        ("-1.0 / offer.amount", [-0.5, -math.inf, ERROR]),
        ("offer.amount / 0.0", [math.inf, math.nan, ERROR]),
        ("1.0 / -0.0", [-math.inf] * 3),
        ("0.0 / 0.0 == 0.0 / 0.0", [False] * 3),
        ("0.0 / 0.0 != 0.0 / 0.0", [True] * 3),
        # Out of 64 bits, scalar and vector alike.
        ("-9223372036854775808 / -1", [ERROR] * 3),
        ("-9223372036854775808 % -1", [ERROR] * 3),
        ("-(-9223372036854775808)", [ERROR] * 3),
        ("offer.count * 1317624576693539401", [9223372036854775807, -9223372036854775807, ERROR]),
        ("offer.count * 1317624576693539402", [ERROR, ERROR, ERROR]),
        ("9223372036854775800 + offer.count", [9223372036854775807, 9223372036854775793, ERROR]),
        ("9223372036854775801 + offer.count", [ERROR, 9223372036854775794, ERROR]),
        ("offer.count / 2", [3, -3, ERROR]),
        ("offer.count % 2", [1, -1, ERROR]),
        ("7 / (offer.count + 7)", [0, ERROR, ERROR]),
        ("int(offer.amount * 1e300)", [ERROR, 0, ERROR]),
        ("int(-1.9)", [-1] * 3),
        # An error of the list or map itself is not absorbed by its macro.
        ("offer.tags.exists(t, true)", [True, False, ERROR]),
        ("offer.tags.all(t, t == 'a')", [False, True, ERROR]),
        ("offer.points.all(key, offer.points[key] > 1.0)", [True, True, ERROR]),
        ("customer.tags.exists(t, true)", [ERROR] * 3),
        ("offer.tags.exists(x, offer.tags.exists(x, x == 'b') && x == 'a')", [True, False, ERROR]),
        ("offer.tags.exists(x, offer.tags.all(y, y <= x))", [True, False, ERROR]),
        ("[1, 2, 3].exists(n, n == offer.count - 5)", [True, False, ERROR]),
        ("[1, 2].all(n, n < offer.count)", [True, False, ERROR]),
        # In an `in` list every item is evaluated: nothing absorbs an error there.
        ("1 in [1, customer.count]", [ERROR] * 3),
        ("offer.brand in ['Alba', offer.word]", [True, False, ERROR]),
        # has() of a key in an absent map is an error; of a present map it says whether the key is there.
        ("has(offer.points.a)", [True, False, ERROR]),
        ("has(customer.points.a)", [ERROR] * 3),
        ("offer.points.a", [1.5, ERROR, ERROR]),
        ("offer.points['a']", [1.5, ERROR, ERROR]),
        (r"size('\u00e9\U0001F600\t\101')", [4] * 3),
        (r"size(r'\t')", [2] * 3),
        ("size('''a'b''')", [3] * 3),
        ("0x1F", [31] * 3),
        ("timestamp('1969-12-31T23:59:59.500Z').getMilliseconds()", [500] * 3),
        ("timestamp('2024-02-29T23:30:00-01:00').getDate()", [1] * 3),
        ("timestamp('2024-02-29T23:30:00Z').getDayOfMonth('+01:00')", [0] * 3),
        ("timestamp('2024-12-31T12:00:00Z').getDayOfYear()", [365] * 3),
        ("timestamp('9999-12-31T23:59:59Z') + duration('1s') > now", [ERROR] * 3),
        ("duration('-90m').getHours()", [-1] * 3),
        ("int(timestamp('1970-01-01T00:01:00Z'))", [60] * 3),
    ],
)
def test_corners(source: str, expected: list[Any]) -> None:
    got = evaluate(source)
    assert all(agree(left, right) for left, right in zip(got, expected, strict=True)), got


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("offer.flag || customer.flag", [True, ERROR, ERROR]),
        ("offer.flag && customer.flag", [ERROR, False, ERROR]),
        ("!(offer.flag && customer.flag)", [ERROR, True, ERROR]),
        ("has(offer.flag) && offer.flag", [True, False, False]),
        ("!has(customer.flag) || customer.flag", [True] * 3),
        ("offer.flag ? 'yes' : offer.word", ["yes", "b", ERROR]),
    ],
)
def test_absence(source: str, expected: list[Any]) -> None:
    assert evaluate(source) == expected


def test_common_parts_are_shared() -> None:
    sources = (
        "offer.brand in affinity.brand ? affinity.brand[offer.brand] : 0.0",
        "!(offer.brand in affinity.brand)",
        "0.0",
        "-0.0",
    )
    program = Program([compile_expression(source, SCHEMA, gives="feature") for source in sources])
    ops = [shared.node.op for shared in program.graph.nodes]
    assert ops.count("find") == ops.count("found") == ops.count("column") == 1
    zeros = [value.data for value in program.bind(OFFERS).run(ALWAYS_THERE)[2:]]
    assert [math.copysign(1.0, zero) for zero in zeros] == [1.0, -1.0]


def test_values_have_stated_types() -> None:
    sources = {
        "offer.flag": np.bool_,
        "offer.count": np.int64,
        "offer.amount": np.float64,
        "offer.word": np.int32,
        "offer.word + customer.word": np.int32,
    }
    program = Program([compile_expression(source, SCHEMA, gives="feature") for source in sources])
    for value, dtype in zip(
        program.bind(OFFERS).run({**ALWAYS_THERE, "customer.word": "x"}), sources.values(), strict=True
    ):
        assert value.data.dtype == dtype
        assert value.error.tolist() == [False, False, True]
        assert value.over(3).data is value.data


def test_a_number_is_a_double() -> None:
    program = Program([compile_expression(source, SCHEMA, gives="number") for source in ("offer.count", "1")])
    vector, scalar = program.bind(OFFERS).run({})
    assert (vector.data.dtype, type(scalar.data)) == (np.float64, float)


def test_a_table_without_rows_or_columns() -> None:
    empty = table([])
    sources = (
        "offer.word == 'a'",
        "offer.tags.exists(t, t == customer.word)",
        "offer.points['a'] > 1.0",
        "offer.ends > now",
    )
    program = Program([compile_expression(source, SCHEMA, gives="bool") for source in sources])
    for value in program.bind(empty).run(ALWAYS_THERE):
        assert value.over(0).data.shape == (0,)
    bare = program.bind(table([{}])).run({**ALWAYS_THERE, "customer.word": "a"})
    assert [value.over(1).error.tolist() for value in bare] == [[True]] * 4


def test_runs_do_not_touch_each_other() -> None:
    bound = Program([compile_expression("customer.tags.all(t, t in offer.tags)", SCHEMA, gives="bool")]).bind(OFFERS)
    first = ours(bound.run({"customer.tags": ("a",)})[0], 3)
    assert ours(bound.run({"customer.tags": ("c",)})[0], 3) == [False, False, ERROR]
    assert ours(bound.run({"customer.tags": ("a",)})[0], 3) == first == [True, False, ERROR]
