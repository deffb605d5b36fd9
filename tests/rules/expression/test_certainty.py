"""`always` finds contradictions and tautologies, and is never wrong about what can happen."""

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.expression import Program, compile_expression
from tests.rules.expression.generation import expression, facts, offers
from tests.rules.expression.world import SCHEMA, table

ROWS: tuple[dict[str, Any], ...] = (
    {"flag": True, "count": 3, "amount": 2.0, "brand": "Alba"},
    {"flag": False, "count": 5, "brand": "Brisa"},
    {},
)


def always(source: str) -> list[int]:
    compiled = compile_expression(source, SCHEMA, gives="bool")
    return [int(certain) for certain in Program([compiled]).bind(table(ROWS)).always(0)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("offer.flag", [1, 0, 0]),
        ("customer.flag", [-1, -1, -1]),
        ("customer.count > 3 && customer.count < 4", [0, 0, 0]),
        ("customer.count > 3 && customer.count < 5", [-1, -1, -1]),
        ("3 < customer.count && customer.count <= 3", [0, 0, 0]),
        ("customer.amount > 2.0 && customer.amount <= 2.0", [0, 0, 0]),
        ("customer.amount > 2.0 && customer.amount < 2.0000001", [-1, -1, -1]),
        ("customer.brand == 'Dora'", [0, 0, 0]),
        ("customer.word == 'Dora'", [-1, -1, -1]),
        ("customer.brand in ['Alba', 'Brisa'] && customer.brand == 'Corte'", [0, 0, 0]),
        ("customer.brand != 'Alba' && customer.brand != 'Brisa' && customer.brand != 'Corte'", [0, 0, 0]),
        ("!(customer.brand != 'Alba') && customer.brand != 'Alba'", [0, 0, 0]),
        ("!has(customer.flag) || customer.flag || !customer.flag", [1, 1, 1]),
        ("customer.flag || !customer.flag", [-1, -1, -1]),  # absent, it is an error
        ("has(customer.flag) && !has(customer.flag)", [0, 0, 0]),
        ("has(customer.count) ? customer.count > 5 && customer.count < 3 : false", [0, 0, 0]),
        ("customer.count > offer.count && customer.count < 5", [-1, 0, 0]),
        ("customer.count in [1, 2] && customer.count > offer.count", [0, 0, 0]),
        ("offer.flag || customer.flag", [1, -1, -1]),
        ("offer.flag && customer.flag", [-1, 0, 0]),
        ("offer.brand != customer.brand", [-1, -1, 0]),
        ("channel == 'fax'", [0, 0, 0]),
        ("channel in ['web', 'call-center', 'email', 'app']", [1, 1, 1]),
        ("contacts.shown >= 0", [1, 1, 1]),
        ("activity.stays.frequency < 0", [0, 0, 0]),
        ("'a' in customer.tags && !('a' in customer.tags)", [0, 0, 0]),
        ("customer.count % 2 == 1 || customer.count % 2 != 1", [-1, -1, -1]),
        ("now < timestamp('2020-01-01T00:00:00Z') && now > timestamp('2021-01-01T00:00:00Z')", [0, 0, 0]),
    ],
)
def test_contradictions_and_tautologies(source: str, expected: list[int]) -> None:
    assert always(source) == expected


def test_a_wide_expression_ends_as_depending_at_worst() -> None:
    parts = [f"(customer.count == {n} || customer.amount > {n}.0 || customer.word == '{n}')" for n in range(40)]
    assert always(" && ".join(parts)) in ([-1, -1, -1], [0, 0, 0])


def test_it_is_about_bools() -> None:
    compiled = compile_expression("customer.count", SCHEMA, gives="number")
    assert Program([compiled]).bind(table(ROWS)).always(0).tolist() == [-1, -1, -1]


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_facts_refute_it(data: st.DataObject) -> None:
    source = expression(data.draw, "bool", 3)
    rows: list[dict[str, Any]] = data.draw(offers)
    bound = Program([compile_expression(source, SCHEMA, gives="bool")]).bind(table(rows))
    certain = bound.always(0)
    for _ in range(8):
        passes = np.broadcast_to(bound.run(data.draw(facts()))[0].passes, (len(rows),))
        assert not (passes & (certain == 0)).any(), source
        assert not (~passes & (certain == 1)).any(), source
