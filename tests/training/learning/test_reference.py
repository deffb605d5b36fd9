"""A trained model keeps what its inputs and predictions looked like."""

import msgspec
import numpy as np
import pytest

from models.artefact import Artefact, decode_artefact, encode_artefact
from models.feature_origin import NOW, origin_of
from models.reference import Reference
from models.stability import Crowd, crowd_of, spread, stability
from rules.ids import GoalId, Instant
from tests.training.worlds import response_rows
from training.learning.course import train
from training.learning.predictor import predict
from training.learning.rows import Rows

ROWS = response_rows(6_000, 31)


@pytest.fixture(scope="module")
def artefact() -> Artefact:
    return train(ROWS, GoalId("accept"), "response", Instant(0), None, threads=1).artefact


def crowd(rows: Rows) -> Crowd:
    return crowd_of(rows.position, rows.probability, rows.subject, rows.placement)


def shifts(reference: Reference, rows: Rows) -> dict[str, float]:
    found = {}
    for column, feature in enumerate(rows.inputs.features):
        if feature.name in reference.features:
            of_request = origin_of(feature.name, feature.value).of_request
            shift = stability(reference.features[feature.name], rows.matrix[:, column], crowd(rows), of_request)
            assert shift is not None
            found[feature.name] = shift.index
    return found


def test_rows_of_the_same_world_are_like_the_reference_and_others_are_not(artefact: Artefact) -> None:
    reference = artefact.reference
    assert reference is not None
    assert decode_artefact(encode_artefact(artefact)).reference == reference
    named = {f.name for f in ROWS.inputs.features if origin_of(f.name, f.value).family != NOW}
    assert set(reference.features) == named
    later = response_rows(6_000, 32)
    assert max(shifts(reference, later).values()) < 0.05
    column = next(at for at, f in enumerate(ROWS.inputs.features) if f.name not in ROWS.inputs.categorical)
    matrix = later.matrix.copy()
    matrix[:, column] += 20
    moved = shifts(reference, msgspec.structs.replace(later, matrix=matrix))
    assert [name for name, index in moved.items() if index > 0.2] == [ROWS.inputs.features[column].name]


def test_predictions_are_those_at_the_first_rank(artefact: Artefact) -> None:
    assert artefact.reference is not None
    first = predict(artefact, msgspec.structs.replace(ROWS, position=np.ones(len(ROWS))))
    assert first is not None
    assert spread(first, crowd(ROWS), of_request=False) == artefact.reference.prediction
