import lightgbm as lgb
import msgspec
import numpy as np
import pytest

from models.adoption import adopt_forest
from models.artefact import encode_artefact
from models.feature import FeatureList
from models.model import load_model
from rules.errors import ArtefactError
from rules.ids import GoalId, Instant, PlacementId
from rules.workspace import Feature
from tests.models.small_workspace import KNOWN, small

GOAL = GoalId("accept")


def declared() -> FeatureList:
    catalogue = small()
    pairs = (("price", "offer.price"), ("age", "customer.age"), ("theme", "offer.theme"), ("nights", "offer.nights"))
    return FeatureList.of(
        msgspec.structs.replace(catalogue.workspace, features=tuple(Feature(*pair) for pair in pairs)), catalogue.schema
    )


def elsewhere(*names: str) -> str:
    """A model file by somebody who never heard of Concierge."""
    random = np.random.default_rng(4)
    features = random.normal(250, 100, size=(600, len(names)))
    label = (features.sum(axis=1) + random.normal(0, 100, 600) > 250 * len(names)) * 1.0
    options = {"objective": "binary", "verbose": -1, "num_threads": 1}
    return lgb.train(options, lgb.Dataset(features, label, feature_name=list(names)), 15).model_to_string()


def test_a_model_file_from_elsewhere_is_served_as_lightgbm_would() -> None:
    text, features, offers = elsewhere("age", "price", "position"), declared(), small().offers
    model = load_model(encode_artefact(adopt_forest(text, GOAL, "response", features, Instant(0))))
    values, rows = features.bind(offers).run(KNOWN), np.arange(len(offers))
    raw = values.matrix(rows)
    matrix = np.column_stack([raw[:, 1], raw[:, 0], np.ones(len(rows))])
    expected = np.asarray(lgb.Booster(model_str=text).predict(matrix))
    assert model.bind(PlacementId("home"), offers, features).predict(values, rows) == pytest.approx(expected, rel=1e-14)


def test_features_that_are_not_declared_are_named() -> None:
    with pytest.raises(ArtefactError, match="moon"):
        adopt_forest(elsewhere("price", "moon"), GOAL, "response", declared(), Instant(0))


def test_a_forest_over_strings_is_refused() -> None:
    with pytest.raises(ArtefactError, match="theme"):
        adopt_forest(elsewhere("price", "theme"), GOAL, "response", declared(), Instant(0))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("\nleaf_weight=", "\nleaf_weight=x", "LightGBM does not read"),
        ("\nend of trees", "\n", "cut off"),
        ("\nmax_feature_idx=", "\nmin_feature_idx=", "LightGBM does not read"),
    ],
)
def test_a_text_that_lightgbm_cannot_take_is_refused(old: str, new: str, says: str) -> None:
    text = elsewhere("price", "age")
    assert old in text
    with pytest.raises(ArtefactError, match=says):
        adopt_forest(text.replace(old, new, 1), GOAL, "response", declared(), Instant(0))


def test_a_text_whose_trees_are_not_as_long_as_it_says_is_read_all_the_same() -> None:
    # LightGBM itself would end the process.
    text = elsewhere("price", "age").replace("\ntree_sizes=", "\ntree_sizes=9", 1)
    assert adopt_forest(text, GOAL, "response", declared(), Instant(0)).forest == text
