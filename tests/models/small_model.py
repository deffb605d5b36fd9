"""A model of the small workspace, grown by LightGBM itself."""

from functools import cache

import lightgbm as lgb
import msgspec
import numpy as np

from models.artefact import Artefact, ModelFeature, WarmUp
from models.feature import FeatureList, encode_matrix
from rules.ids import GoalId, Instant, PlacementId
from rules.workspace import Feature
from tests.models.small_workspace import ANONYMOUS, KNOWN, small

GOAL, HOME = GoalId("accept"), PlacementId("home")


def declared(*but: str) -> FeatureList:
    """The default features of the small workspace, declared, but for some."""
    catalogue = small()
    every = FeatureList.of(catalogue.workspace, catalogue.schema).specs
    kept = tuple(Feature(spec.name, spec.value) for spec in every if spec.name not in but)
    return FeatureList.of(msgspec.structs.replace(catalogue.workspace, features=kept), catalogue.schema)


@cache
def trained() -> tuple[Artefact, lgb.Booster]:
    """A model of the default features and the position, in another order than declared."""
    random = np.random.default_rng(3)
    offers, features = small().offers, declared()
    bound = features.bind(offers)
    rows = np.vstack([bound.run(facts).matrix(np.arange(len(offers))) for facts in (KNOWN, ANONYMOUS)])
    rows = np.repeat(rows, 30, axis=0)
    order = random.permutation(len(features.names))
    raw = np.column_stack([rows[:, order], random.integers(1, 4, len(rows))])
    model_features = [ModelFeature(features.specs[at].name, features.specs[at].value) for at in order]
    model_features.append(ModelFeature("position"))
    names = [feature.name for feature in model_features]
    categorical = [at for at, index in enumerate(order) if features.specs[index].categorical]
    categories = {names[at]: tuple(int(c) for c in np.unique(raw[~np.isnan(raw[:, at]), at])) for at in categorical}
    matrix = encode_matrix(raw, names, categories)
    price = raw[:, names.index("offer_price")]
    label = (random.random(len(raw)) < 0.2 + 0.5 * (price > 200) - 0.1 * (raw[:, -1] > 1)).astype(np.float64)
    options = {"objective": "binary", "verbose": -1, "num_threads": 1, "min_data_in_leaf": 5, "min_data_per_group": 5}
    booster = lgb.train(options, lgb.Dataset(matrix, label, feature_name=names, categorical_feature=categorical), 20)
    some = raw[::100]
    scores = np.asarray(booster.predict(encode_matrix(some, names, categories), raw_score=True), np.float64)
    warm_up = WarmUp(tuple(tuple(map(float, row)) for row in some), tuple(map(float, scores)))
    artefact = Artefact(
        kind="forest", goal=GOAL, objective="response", created=Instant(0), features=tuple(model_features),
        categories=categories, forest=booster.model_to_string(), warm_up=warm_up,
    )  # fmt: skip
    return artefact, booster
