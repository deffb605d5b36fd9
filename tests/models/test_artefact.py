import math

import msgspec
import pytest

from models.artefact import MAGIC, Artefact, ModelFeature, WarmUp, decode_artefact, encode_artefact, version_of
from models.calibration import Calibration
from models.rates import Rates
from rules.errors import ArtefactError
from rules.ids import GoalId, Instant, OfferId, PlacementId

ARTEFACT = Artefact(
    kind="forest",
    goal=GoalId("accept"),
    objective="response",
    created=Instant(5),
    window=(Instant(1), Instant(4)),
    evidence=12,
    metrics={"model": {"auc": 0.7}, "constant": {"auc": 0.5}},
    rates=Rates("theme", 0.1, {PlacementId("home"): 0.2}, {}, {PlacementId("home"): {OfferId("a"): 0.3}}),
    features=(ModelFeature("price", "offer.price"), ModelFeature("position")),
    categories={"brand": (3, 2**48 - 1)},
    forest="tree\n",
    calibration=Calibration((0.1, 0.2), (0.0, 1.0)),
    warm_up=WarmUp(((1.0, math.inf),), (0.1,)),
)


def test_an_artefact_comes_back_as_it_went() -> None:
    blob = encode_artefact(ARTEFACT)
    assert decode_artefact(blob) == ARTEFACT
    assert encode_artefact(decode_artefact(blob)) == blob


def test_the_version_is_the_content() -> None:
    blob = encode_artefact(ARTEFACT)
    other = encode_artefact(msgspec.structs.replace(ARTEFACT, created=Instant(6)))
    assert version_of(blob) == version_of(encode_artefact(ARTEFACT))
    assert version_of(blob) != version_of(other)
    assert len(version_of(blob)) == 16


def test_a_missing_value_survives_in_a_warm_up_row() -> None:
    artefact = msgspec.structs.replace(ARTEFACT, warm_up=WarmUp(((math.nan,),), (0.0,)))
    assert math.isnan(decode_artefact(encode_artefact(artefact)).warm_up.rows[0][0])


@pytest.mark.parametrize("blob", [b"", b"tree\nversion=v4", MAGIC, MAGIC + b"noise", encode_artefact(ARTEFACT)[:-9]])
def test_what_is_no_artefact_is_refused_with_what_to_do(blob: bytes) -> None:
    with pytest.raises(ArtefactError, match="publish"):
        decode_artefact(blob)


def test_another_format_is_refused_by_its_number() -> None:
    later = encode_artefact(msgspec.structs.replace(ARTEFACT, format=2))
    with pytest.raises(ArtefactError, match="format 2"):
        decode_artefact(later)
