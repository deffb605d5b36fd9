"""Every compiled expression gives what cel-python's evaluator gives, row by row, errors included."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.expression import Program, compile_expression
from rules.facts import Facts
from tests.rules.expression.generation import expression, facts, offers
from tests.rules.expression.oracle import Oracle, agree, ours
from tests.rules.expression.world import SCHEMA, table


@pytest.mark.parametrize("type", ["bool", "int", "float", "string"])
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_random_expressions_agree(type: str, data: st.DataObject) -> None:
    compare(expression(data.draw, type, 3), data.draw(offers), data.draw(facts()))


@pytest.mark.parametrize("key", ["offer.brand", "offer.word", "customer.word", "'a'"])
@pytest.mark.parametrize(
    ("map", "otherwise"),
    [("offer.points", "-1.5"), ("customer.points", "0.0"), ("affinity.brand", "2.0"), ("contacts.brand_shown", "-1")],
)
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_values_of_maps_or_a_constant_agree(map: str, otherwise: str, key: str, data: st.DataObject) -> None:
    rows: list[dict[str, Any]] = data.draw(offers)
    compare(f"{key} in {map} ? {map}[{key}] : {otherwise}", rows, data.draw(facts()))


def compare(source: str, rows: list[dict[str, Any]], known: Facts) -> None:
    compiled = compile_expression(source, SCHEMA, gives="feature")
    (value,) = Program([compiled]).bind(table(rows)).run(known)
    oracle = Oracle(source)
    for number, (row, got) in enumerate(zip(rows, ours(value, len(rows)), strict=True)):
        expected = oracle.answer(known, row, number)
        assert agree(got, expected), f"{source} on row {number}: {got!r} but {expected!r}"
