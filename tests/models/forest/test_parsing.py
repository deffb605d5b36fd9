import lightgbm as lgb
import numpy as np
import pytest

from models.forest import parse_forest
from rules.errors import ArtefactError
from tests.models.forest.awkward import train

TEXT = train(("plain", "category", "holes"), 3, rows=200, trees=3, num_leaves=6).model_to_string()


def test_a_forest_is_read_with_every_leaf_exact() -> None:
    booster = lgb.Booster(model_str=TEXT)
    forest = parse_forest(TEXT)
    assert forest.names == tuple(booster.feature_name())
    for number, tree in enumerate(forest.trees):
        assert tree.leaves.tolist() == [booster.get_leaf_output(number, leaf) for leaf in range(len(tree.leaves))]
    assert forest.used() <= {0, 1, 2}


def test_a_tree_without_splits_is_its_one_leaf() -> None:
    booster = lgb.train({"objective": "regression", "verbose": -1}, lgb.Dataset(np.ones((50, 1)), np.full(50, 3.0)), 2)
    assert [len(tree.splits) for tree in parse_forest(booster.model_to_string()).trees] == [0]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("tree\n", "boom\n", "no LightGBM model"),
        ("num_class=1", "num_class=3", "one forest per goal"),
        ("is_linear=0", "is_linear=1", "linear_tree=false"),
        ("num_leaves=6", "num_leaves=7", "cut off"),
        ("left_child=", "left_child=0 ", "damaged"),
        ("split_feature=", "split_feature=77 ", "only 3 are named"),
        ("split_feature=", "split_feature=-1 ", "only 3 are named"),
        ("decision_type=", "decision_type=12 ", "damaged"),
        ("\nthreshold=", "\nthreshold=x", "damaged"),
        ("feature_names=", "feature_name=", "only 0 are named"),
    ],
)
def test_what_cannot_be_served_is_refused_by_name(old: str, new: str, says: str) -> None:
    assert old in TEXT
    with pytest.raises(ArtefactError, match=says):
        parse_forest(TEXT.replace(old, new, 1))


def test_splits_in_a_circle_are_refused() -> None:
    tree = TEXT[TEXT.index("left_child=") :].partition("\n")[0]
    with pytest.raises(ArtefactError, match="no tree"):
        parse_forest(TEXT.replace(tree, "left_child=" + " ".join(["1"] * 5), 1))
