"""Reading LightGBM's text format.

The format is a header, one block of `key=value` lines per tree, and parameters that serving does not need. Numbers are
written with seventeen digits, so a float64 comes back exactly.
"""

from collections.abc import Mapping

import numpy as np

from models.forest.forest import Forest, Missing, Split, Tree
from rules.errors import ArtefactError

_CATEGORICAL = 1
_MISSING_LEFT = 2


def parse_forest(text: str) -> Forest:
    """The forest in a LightGBM model file; raises `ArtefactError` for what is not served, naming it."""
    header_text, *blocks = text.partition("\nend of trees")[0].split("\nTree=")
    if not header_text.startswith("tree\n"):
        raise ArtefactError("this is no LightGBM model: its text must begin with the line 'tree'")
    header = _pairs(header_text)
    if header.get("num_class", "1") != "1" or header.get("num_tree_per_iteration", "1") != "1":
        raise ArtefactError("the forest has several classes: train one forest per goal, binary or value")
    names = tuple(header.get("feature_names", "").split())
    try:
        trees = tuple(_tree(number, _pairs(block), len(names)) for number, block in enumerate(blocks))
    except (KeyError, ValueError, IndexError) as error:
        raise ArtefactError(
            f"the LightGBM text is damaged ({error!r}): write it again with Booster.model_to_string"
        ) from error
    return Forest(trees, names, header.get("objective", ""), "average_output" in header_text.split("\n"))


def _pairs(block: str) -> Mapping[str, str]:
    return {key: value for key, equals, value in (line.partition("=") for line in block.split("\n")) if equals}


def _tree(number: int, fields: Mapping[str, str], features: int) -> Tree:
    if fields.get("is_linear", "0") != "0":
        raise ArtefactError(f"tree {number} has linear leaves: train with linear_tree=false")
    leaves = np.array(fields["leaf_value"].split(), np.float64)
    if len(leaves) != int(fields["num_leaves"]):
        raise ArtefactError(f"tree {number} is cut off: write the model again with Booster.model_to_string")
    if len(leaves) == 1:
        return Tree((), leaves)
    bounds = [int(word) for word in fields.get("cat_boundaries", "").split()]
    words = [int(word) for word in fields.get("cat_threshold", "").split()]
    columns = [
        fields[key].split() for key in ("split_feature", "threshold", "decision_type", "left_child", "right_child")
    ]
    splits = []
    for feature, threshold, decision, left, right in zip(*columns, strict=True):
        kind, categories = int(decision), None
        if not 0 <= int(feature) < features:
            raise ArtefactError(
                f"tree {number} reads feature {feature}, but only {features} are named: write the model again"
            )
        if kind & _CATEGORICAL:
            which = int(float(threshold))
            categories = tuple(words[bounds[which] : bounds[which + 1]])
        missing = Missing(kind >> 2 & 3)
        left_when_missing = bool(kind & _MISSING_LEFT)
        splits.append(
            Split(int(feature), float(threshold), missing, left_when_missing, int(left), int(right), categories)
        )
    tree = Tree(tuple(splits), leaves)
    _check_shape(number, tree)
    return tree


def _check_shape(number: int, tree: Tree) -> None:
    """Every split but the root, and every leaf, has exactly one parent, and all hang on the root."""
    children = sorted(child for split in tree.splits for child in (split.left, split.right))
    if children != [*range(-len(tree.leaves), 0), *range(1, len(tree.splits))]:
        raise ArtefactError(f"tree {number} is no tree: write the model again with Booster.model_to_string")
    reached, waiting = 0, [0]
    while waiting:
        split = tree.splits[waiting.pop()]
        reached += 1
        waiting += [child for child in (split.left, split.right) if child >= 0]
    if reached != len(tree.splits):
        raise ArtefactError(f"tree {number} has splits that hang on nothing: write the model again")
