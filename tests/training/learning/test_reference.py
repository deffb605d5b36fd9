"""A trained model keeps what its inputs and predictions looked like."""

import msgspec
import numpy as np
import pytest

from models.artefact import Artefact, ModelFeature, decode_artefact, encode_artefact
from models.feature_origin import origin_of
from models.reference import Reference
from models.stability import Crowd, crowd_of, spread, stability
from rules.ids import GoalId, Instant
from tests.training.worlds import response_rows
from training.learning.course import train
from training.learning.predictor import predict
from training.learning.rows import Inputs, Rows

SEEN = response_rows(6_000, 31)
ROWS = msgspec.structs.replace(
    SEEN,
    inputs=Inputs((*SEEN.inputs.features, ModelFeature("member", "customer.member")), SEEN.inputs.categorical),
    matrix=np.column_stack([SEEN.matrix, np.ones(len(SEEN))]),
)
"""Everybody is a member, so that no tree can use it."""


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
    assert set(reference.features) == {"age", "brand"}
    later = response_rows(6_000, 32)
    assert max(shifts(reference, later).values()) < 0.05
    older = msgspec.structs.replace(later, matrix=np.add(later.matrix, [20.0, 0.0]))
    assert [name for name, index in shifts(reference, older).items() if index > 0.2] == ["age"]


def test_predictions_are_those_at_the_first_rank(artefact: Artefact) -> None:
    assert artefact.reference is not None
    first = predict(artefact, msgspec.structs.replace(ROWS, position=np.ones(len(ROWS))))
    assert first is not None
    assert spread(first, crowd(ROWS), of_request=False) == artefact.reference.prediction
