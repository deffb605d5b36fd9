"""A trained model keeps what its inputs and predictions looked like."""

import msgspec
import numpy as np

from models.artefact import decode_artefact, encode_artefact
from models.feature_origin import NOW, origin_of
from models.reference import Reference
from models.stability import spread_again, stability, weights_of
from rules.ids import GoalId, Instant
from tests.training.worlds import response_rows
from training.learning.course import train
from training.learning.predictor import predict
from training.learning.rows import Rows

GOAL = GoalId("accept")


def shifts(reference: Reference, rows: Rows) -> dict[str, float]:
    found = {}
    for column, feature in enumerate(rows.inputs.features):
        if feature.name in reference.features:
            weights = weights_of(origin_of(feature.name, feature.value).of_request, rows.position, rows.probability)
            again = spread_again(
                reference.features[feature.name], rows.matrix[:, column], weights, np.arange(len(rows))
            )
            assert again is not None
            found[feature.name] = stability(reference.features[feature.name], again).index
    return found


def test_rows_of_the_same_world_are_like_the_reference_and_others_are_not() -> None:
    rows = response_rows(6_000, 31)
    artefact = train(rows, GOAL, "response", Instant(0), None, threads=1).artefact
    reference = artefact.reference
    assert reference is not None
    assert decode_artefact(encode_artefact(artefact)).reference == reference
    named = {f.name for f in rows.inputs.features if origin_of(f.name, f.value).family != NOW}
    assert set(reference.features) == named
    later = response_rows(6_000, 32)
    assert max(shifts(reference, later).values()) < 0.05
    column = next(at for at, f in enumerate(rows.inputs.features) if f.name not in rows.inputs.categorical)
    matrix = later.matrix.copy()
    matrix[:, column] += matrix[:, column].std()
    moved = shifts(reference, msgspec.structs.replace(later, matrix=matrix))
    assert [name for name, index in moved.items() if index > 0.2] == [rows.inputs.features[column].name]


def test_predictions_are_those_at_the_first_rank() -> None:
    rows = response_rows(6_000, 31)
    artefact = train(rows, GOAL, "response", Instant(0), None, threads=1).artefact
    reference = artefact.reference
    assert reference is not None
    assert reference.prediction is not None
    first = predict(artefact, msgspec.structs.replace(rows, position=np.ones(len(rows))))
    assert first is not None
    again = spread_again(
        reference.prediction, first, weights_of(False, rows.position, rows.probability), np.arange(len(rows))
    )
    assert again == reference.prediction
