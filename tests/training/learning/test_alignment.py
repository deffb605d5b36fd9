import numpy as np

from models.artefact import ModelFeature
from models.feature import FeatureList
from tests.training.shop import shop
from training.learning.alignment import align, inputs_of
from training.learning.rows import Inputs

AGE, BRAND = ModelFeature("age", "customer.age"), ModelFeature("brand", "offer.brand")
OLD = Inputs((AGE, BRAND), frozenset({"brand"}))
MATRIX = np.array([[30.0, 7.0], [40.0, 8.0]])


def test_the_same_list_is_taken_as_it_is() -> None:
    assert align(MATRIX, OLD, OLD) is MATRIX


def test_columns_move_with_their_names() -> None:
    wanted = Inputs((BRAND, AGE), frozenset({"brand"}))
    assert align(MATRIX, OLD, wanted).tolist() == MATRIX[:, ::-1].tolist()


def test_a_feature_that_was_not_recorded_is_missing() -> None:
    wanted = Inputs((AGE, ModelFeature("price", "offer.price")), frozenset())
    aligned = align(MATRIX, OLD, wanted)
    assert aligned[:, 0].tolist() == [30.0, 40.0]
    assert np.isnan(aligned[:, 1]).all()


def test_the_same_name_with_another_expression_is_another_feature() -> None:
    wanted = Inputs((ModelFeature("age", "customer.age / 10"),), frozenset())
    assert np.isnan(align(MATRIX, OLD, wanted)).all()


def test_a_category_does_not_pass_for_a_number() -> None:
    assert np.isnan(align(MATRIX, OLD, Inputs((BRAND,), frozenset()))).all()


def test_inputs_follow_the_feature_list() -> None:
    catalogue = shop()
    features = FeatureList.of(catalogue.workspace, catalogue.schema)
    inputs = inputs_of(features)
    assert inputs.names == features.names
    assert {"offer_brand", "customer_tier"} <= inputs.categorical
    assert "offer_price" not in inputs.categorical
