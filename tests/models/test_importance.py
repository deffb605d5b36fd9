import numpy as np
import pytest

from models.artefact import Artefact
from models.feature import encode_matrix
from models.importance import importance_of
from rules.ids import Instant
from tests.models.small_model import GOAL, trained


def test_what_labels_hang_on_matters_most() -> None:
    artefact, booster = trained()
    found = importance_of(artefact)
    assert [(each.feature, each.family) for each in found[:1]] == [("offer_price", "offer")]
    assert abs(sum(each.gain for each in found) - 1.0) < 1e-12
    assert {each.feature for each in found} == {feature.name for feature in artefact.features}
    gained = dict(zip(booster.feature_name(), booster.feature_importance("gain"), strict=True))
    unused = {name for name, gain in gained.items() if gain == 0}
    assert unused
    assert {each.feature for each in found if each.movement == 0} >= unused
    names = [feature.name for feature in artefact.features]
    rows = encode_matrix(np.array(artefact.warm_up.rows), names, artefact.categories)
    moved = np.abs(np.asarray(booster.predict(rows, pred_contrib=True)))[:, names.index("offer_price")]
    assert found[0].movement == pytest.approx(moved.mean(), rel=1e-12)
    assert [each.movement for each in found] == sorted((each.movement for each in found), reverse=True)


def test_rates_look_at_no_feature() -> None:
    assert importance_of(Artefact(kind="rates", goal=GOAL, objective="response", created=Instant(0))) == ()
