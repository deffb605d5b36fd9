import numpy as np
import pytest

from rules.catalogue import Catalogue
from rules.expression import compile_expression
from rules.weight import WeightBook
from tests.rules.small_workspace import check

CATALOGUE = check().catalogue
assert isinstance(CATALOGUE, Catalogue)
LEVERS = np.full(len(CATALOGUE.offers), 2.0)


def book(**settings: str) -> WeightBook:
    assert CATALOGUE is not None
    compiled = {name: compile_expression(source, CATALOGUE.schema, gives="number") for name, source in settings.items()}
    return WeightBook.of(compiled, CATALOGUE.offers)


def test_what_is_not_declared_weighs_one() -> None:
    weights = book().weigh({}, LEVERS)
    assert set(weights.context) == set(weights.value) == {1.0}
    assert weights.levers is LEVERS
    assert weights.faults == ()


def test_what_no_request_changes_is_worked_out_once() -> None:
    bound = book(context_weight="1.5", value="offer.margin / double(offer.nights - 1)")
    first, second = bound.weigh({}, LEVERS), bound.weigh({"context.party": 2}, LEVERS)
    assert first.context is second.context
    assert first.value is second.value
    assert set(first.context) == {1.5}
    # Offers of one night, or of none, have no such value.
    assert first.faults == ("value",)
    assert first.value[0] == 60.0
    assert 0.0 in first.value


@pytest.mark.parametrize(("party", "weight", "faults"), [(3, 3.0, ()), (None, 1.0, ("context_weight",))])
def test_what_reads_the_request_is_evaluated_for_each(
    party: int | None, weight: float, faults: tuple[str, ...]
) -> None:
    bound = book(context_weight="context.party", value="offer.margin")
    weights = bound.weigh({} if party is None else {"context.party": party}, LEVERS)
    assert set(weights.context) == {weight}
    assert weights.faults == faults
    assert weights.value is bound.known["value"][0]


def test_faults_come_in_the_order_of_the_parts() -> None:
    weights = book(value="double(context.party)", context_weight="double(context.party)").weigh({}, LEVERS)
    assert weights.faults == ("context_weight", "value")
    assert weights.value.tolist() == [0.0] * len(LEVERS)
