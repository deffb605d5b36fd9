from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest

from models.artefact import Artefact, WarmUp, encode_artefact, version_of
from models.calibration import Calibration
from models.feature import FeatureList, encode_matrix
from models.forest import kernel, pruning
from models.model import load_model, prior_model
from models.rates import PRIOR, Count, smooth
from rules.errors import ArtefactError
from rules.ids import Instant, OfferId
from rules.workspace import Feature
from tests.models.small_model import GOAL, HOME, declared, trained
from tests.models.small_workspace import ANONYMOUS, KNOWN, small


def test_a_served_propensity_is_what_lightgbm_predicts_for_the_same_features() -> None:
    artefact, booster = trained()
    model = load_model(encode_artefact(artefact))
    offers, features = small().offers, declared()
    bound, served = features.bind(offers), model.bind(HOME, offers, features)
    names = [feature.name for feature in artefact.features]
    rows = np.array([0, 2, 3, 7, 11])
    for facts in (KNOWN, ANONYMOUS):
        values = bound.run(facts)
        raw = dict(zip(features.names, values.matrix(rows).T, strict=True)) | {"position": np.ones(len(rows))}
        matrix = encode_matrix(np.column_stack([raw[name] for name in names]), names, artefact.categories)
        assert served.predict(values, rows)[rows] == pytest.approx(np.asarray(booster.predict(matrix)), rel=1e-14)
    assert len(np.unique(served.predict(bound.run(KNOWN), rows)[rows])) > 1


def test_calibration_comes_after_the_response() -> None:
    artefact, _ = trained()
    flat = msgspec.structs.replace(artefact, calibration=Calibration((0.5,), (0.125,)))
    offers, features = small().offers, declared()
    served = load_model(encode_artefact(flat)).bind(HOME, offers, features)
    assert served.predict(features.bind(offers).run(KNOWN), np.arange(3))[:3].tolist() == [0.125] * 3


def test_a_loaded_model_compiles_nothing_more_for_a_request() -> None:
    model = load_model(encode_artefact(trained()[0]))
    kernels: tuple[Any, ...] = (kernel.score, kernel.look_up, pruning.prune)
    compiled = [len(one.signatures) for one in kernels]
    offers, features = small().offers, declared()
    model.bind(HOME, offers, features).predict(features.bind(offers).run(KNOWN), np.flatnonzero(np.ones(len(offers))))
    assert compiled == [len(one.signatures) for one in kernels]


def test_the_version_is_that_of_the_blob() -> None:
    blob = encode_artefact(trained()[0])
    model = load_model(blob)
    assert (model.version, model.goal, model.objective) == (version_of(blob), GOAL, "response")


def test_a_workspace_that_lacks_a_feature_is_told_which() -> None:
    model = load_model(encode_artefact(trained()[0]))
    with pytest.raises(ArtefactError, match=r"'offer_price' as 'offer\.price'"):
        model.bind(HOME, small().offers, declared("offer_price"))


def test_a_feature_with_another_expression_is_another_feature() -> None:
    catalogue = small()
    price = Feature("offer_price", "offer.margin")
    others = tuple(Feature(spec.name, spec.value) for spec in declared("offer_price").specs)
    changed = msgspec.structs.replace(catalogue.workspace, features=(price, *others))
    model = load_model(encode_artefact(trained()[0]))
    with pytest.raises(ArtefactError, match="offer_price"):
        model.bind(HOME, catalogue.offers, FeatureList.of(changed, catalogue.schema))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda _: {"warm_up": WarmUp((), ())}, "warm-up"),
        (lambda one: {"warm_up": WarmUp(((1.0,), *one.warm_up.rows[1:]), one.warm_up.scores)}, "warm-up"),
        (lambda one: {"features": one.features[:-1]}, "train it again"),
        (lambda _: {"forest": "nothing"}, "no LightGBM model"),
        (lambda _: {"calibration": Calibration((1.0, 0.0), (0.0, 1.0))}, "monotone"),
        (lambda one: {"forest": one.forest.replace("objective=binary", "objective=lambdarank")}, "lambdarank"),
        (lambda _: {"categories": {}}, "warm-up row"),
    ],
)
def test_a_model_that_cannot_be_served_is_refused(change: Callable[[Artefact], dict[str, Any]], says: str) -> None:
    artefact, _ = trained()
    with pytest.raises(ArtefactError, match=says):
        load_model(encode_artefact(msgspec.structs.replace(artefact, **change(artefact))))


def test_a_warm_up_score_must_agree_to_the_last_bit() -> None:
    artefact, _ = trained()
    scores = list(artefact.warm_up.scores)
    scores[1] = float(np.nextafter(scores[1], np.inf))
    wrong = msgspec.structs.replace(artefact, warm_up=WarmUp(artefact.warm_up.rows, tuple(scores)))
    with pytest.raises(ArtefactError, match="warm-up row 1"):
        load_model(encode_artefact(wrong))


def test_rates_serve_without_any_feature() -> None:
    offers, features = small().offers, declared()
    rates = smooth([Count(HOME, OfferId("alba-spa"), "spa", 500, 100)], "theme")
    artefact = Artefact(kind="rates", goal=GOAL, objective="response", created=Instant(0), rates=rates)
    served = load_model(encode_artefact(artefact)).bind(HOME, offers, features)
    spa, brisa_spa, club = served.predict(features.bind(offers).run(KNOWN), np.array([2, 3, 6]))[[2, 6, 3]]
    assert spa > brisa_spa > club > 0


def test_the_prior_knows_nothing() -> None:
    offers, features = small().offers, declared()
    values = features.bind(offers).run(KNOWN)
    for objective, prior in PRIOR.items():
        model = prior_model(GOAL, objective)
        assert set(model.bind(HOME, offers, features).predict(values, np.arange(5))[:5]) == {prior}
        assert model.version == prior_model(GOAL, objective).version
    assert PRIOR["increment"] == 0.0
