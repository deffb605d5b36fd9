import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.feature import FeatureList, _kept_code, category_index, encode_matrix, string_code
from rules.errors import ExpressionError
from rules.expression import Binding, compile_expression
from rules.workspace import Feature
from tests.models.small_workspace import ANONYMOUS, KNOWN, small


def features(*declared: tuple[str, str]) -> FeatureList:
    catalogue = small()
    workspace = msgspec.structs.replace(catalogue.workspace, features=tuple(Feature(*pair) for pair in declared))
    return FeatureList.of(workspace, catalogue.schema)


def everyone() -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    return np.arange(len(small().offers))


def test_every_binding_and_type_becomes_a_number() -> None:
    declared = features(
        ("price", "offer.price"),
        ("age", "customer.age"),
        ("brand", "offer.brand"),
        ("member", "customer.member"),
        ("liked", "affinity.brand[offer.brand]"),
        ("at", "trait.preferred_brand == offer.brand ? offer.destination : context.destination"),
        ("half", "0.5"),
    )
    assert [spec.binding for spec in declared.specs] == [
        Binding.OFFER, Binding.REQUEST, Binding.OFFER, Binding.REQUEST, Binding.PAIR, Binding.PAIR, Binding.OFFER,
    ]  # fmt: skip
    assert [spec.name for spec in declared.specs if spec.categorical] == ["brand", "at"]
    offers = small().offers
    matrix = declared.bind(offers).run(KNOWN).matrix(everyone())
    for offer, row in zip(offers.ids, matrix, strict=True):
        alba = offer.startswith("alba")
        assert row[1] == 33
        assert row[2] == string_code(offer.partition("-")[0].capitalize())
        assert row[3] == 1
        assert row[4] == 2.5 if alba else np.isnan(row[4])
        assert row[6] == 0.5
    first, club = matrix[0], matrix[list(offers.ids).index(offers.ids[3])]
    assert first[0] == 240.0
    assert first[5] == string_code("Lisbon")
    assert np.isnan(club[5])
    assert matrix[4][5] == string_code("Lisbon")


def test_conditions_are_judged_in_the_same_run_and_change_no_feature() -> None:
    declared = features(("price", "offer.price"), ("age", "customer.age"), ("liked", "affinity.brand[offer.brand]"))
    offers, schema = small().offers, small().schema
    sources = ("customer.age > 40", "affinity.brand[offer.brand] > 1.0", "offer.price > 0.0")
    conditions = [compile_expression(source, schema, gives="bool") for source in sources]
    for facts in (KNOWN, ANONYMOUS):
        alone, beside = (bound.run(facts) for bound in (declared.bind(offers), declared.bind(offers, conditions)))
        assert np.array_equal(alone.matrix(everyone()), beside.matrix(everyone()), equal_nan=True)
        assert alone.verdicts.shape == (0, len(offers))
        liked, price = beside.pair[0], beside.offer[0]
        older = 0 if facts is KNOWN else 1
        assert beside.verdicts.tolist() == [
            [older] * len(offers),
            [1 if np.isnan(weight) else 2 * int(weight > 1.0) for weight in liked],
            [1 if np.isnan(each) else 2 * int(each > 0.0) for each in price],
        ]


def test_what_is_absent_is_missing_and_never_an_error() -> None:
    declared = features(
        ("age", "customer.age"), ("likes", "affinity.brand[offer.brand]"), ("to", "context.destination")
    )
    assert np.isnan(declared.bind(small().offers).run(ANONYMOUS).matrix(everyone())).all()


def test_rows_come_in_the_order_asked() -> None:
    values = features(("price", "offer.price"), ("age", "customer.age")).bind(small().offers).run(KNOWN)
    assert values.matrix(np.array([2, 0])).tolist() == [[180.0, 33.0], [240.0, 33.0]]
    assert values.matrix(np.empty(0, np.intp)).shape == (0, 2)


def test_the_default_list_covers_offer_request_and_how_they_meet() -> None:
    catalogue = small()
    declared = FeatureList.of(catalogue.workspace, catalogue.schema)
    assert {"offer_price", "customer_age", "channel", "contacts_shown"} <= set(declared.names)
    assert {spec.binding for spec in declared.specs} == set(Binding)
    values = declared.bind(catalogue.offers).run(KNOWN)
    matrix = dict(zip(declared.names, values.matrix(everyone()).T, strict=True))
    assert matrix["affinity_brand_of_offer_brand"][:5].tolist() == [2.5] * 4 + [0.0]
    assert matrix["contacts_theme_shown_of_offer_theme"][:3].tolist() == [0.0, 0.0, 2.0]
    assert matrix["context_destination_is_offer_destination"][:3].tolist() == [1.0, 0.0, 1.0]
    anonymous = declared.bind(catalogue.offers).run(ANONYMOUS).matrix(everyone())
    assert np.isnan(anonymous[:, declared.names.index("customer_age")]).all()


def test_a_feature_that_cannot_be_compiled_is_named() -> None:
    with pytest.raises(ExpressionError, match="'wrong'"):
        features(("fine", "offer.price"), ("wrong", "offer.nothing"))


def test_position_belongs_to_the_service() -> None:
    with pytest.raises(ExpressionError, match="position"):
        features(("position", "offer.price"))


@given(st.text(max_size=40))
def test_a_string_code_is_exact_in_a_float(word: str) -> None:
    assert 0 <= string_code(word) < 2**48
    assert string_code(word) == int(string_code(word))


@given(codes=st.sets(st.integers(0, 2**48 - 1), max_size=30), asked=st.lists(st.integers(0, 2**48 - 1), max_size=30))
def test_a_category_is_the_place_among_the_sorted_codes(codes: set[int], asked: list[int]) -> None:
    ordered = sorted(codes)
    raw = np.array([*ordered, *asked, np.nan], np.float64)
    expected = [float(ordered.index(v)) if v in codes else np.nan for v in raw.tolist()]
    assert np.array_equal(category_index(raw, ordered), np.array(expected), equal_nan=True)
    matrix = encode_matrix(np.column_stack([raw, raw]), ["brand", "price"], {"brand": ordered})
    assert np.array_equal(matrix, np.column_stack([expected, raw]), equal_nan=True)


def test_the_codes_of_long_words_are_not_kept() -> None:
    before = _kept_code.cache_info().currsize
    assert string_code("word" * 200) == string_code("word" * 200)
    assert _kept_code.cache_info().currsize == before
