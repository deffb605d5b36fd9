"""From the journal to training rows."""

from collections.abc import Mapping

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from models.feature import FeatureList
from rules.catalogue import Catalogue
from rules.ids import PlacementId
from training.errors import TrainingError
from training.learning.alignment import align, inputs_of
from training.learning.delay import Young
from training.learning.increment import increments
from training.learning.rows import Inputs, Rows
from training.learning.silence import read_silences
from training.material.kin import NOBODY, Kin
from training.material.ledger import shown_offers
from training.material.question import Question


def read_rows(
    connection: duckdb.DuckDBPyConnection,
    question: Question,
    catalogues: Mapping[str, Catalogue],
    places: Mapping[str, frozenset[PlacementId]],
    wanted: FeatureList,
    kin: Kin = NOBODY,
) -> Rows:
    """One row per shown offer whose window has passed, its recorded features put under those of `wanted`.

    The target is whether the goal's outcome came inside the window, for objective `value` the sum of its values, for
    `increment` how much more that is than without an offer, by what others brought: `kin` says who is the same person.
    Raises TrainingError when there are none.
    """
    rows = _rows(shown_offers(connection, question, places), question, catalogues, wanted)
    if not len(rows):
        raise TrainingError(
            f"No decision for goal {question.goal!r} has an attribution window that has passed; wait for it, "
            "give a later --now, or widen --since and --until."
        )
    if question.objective == "increment":
        return increments(rows, read_silences(connection, question, catalogues, places, wanted), kin=kin)
    return rows


def read_young_rows(
    connection: duckdb.DuckDBPyConnection,
    question: Question,
    catalogues: Mapping[str, Catalogue],
    places: Mapping[str, frozenset[PlacementId]],
    wanted: FeatureList,
) -> Young:
    """The shown offers whose window has not passed yet, as `read_rows` gives the others; their targets may yet grow."""
    table = shown_offers(connection, question, places, young=True)
    young = table.column("at").to_numpy() + question.window > question.now
    rows = _rows(table.take(np.flatnonzero(young)), question, catalogues, wanted)
    return Young(rows, (question.now - rows.at).astype(np.float64))


def _rows(table: pa.Table, question: Question, catalogues: Mapping[str, Catalogue], wanted: FeatureList) -> Rows:
    inputs = inputs_of(wanted)
    kept, matrix = _matrix(table, catalogues, inputs)
    table = table.take(kept)
    target = (_floats(table, "hits") > 0).astype(np.float64)
    return Rows(
        inputs=inputs,
        matrix=matrix[kept],
        target=target if question.objective == "response" else _floats(table, "value"),
        worth=_floats(table, "worth"),
        position=_floats(table, "rank"),
        probability=_floats(table, "probability"),
        at=table.column("at").to_numpy().astype(np.int64),
        delay=_floats(table, "delay"),
        subject=_words(table, "subject"),
        decision=_words(table, "id"),
        offer=_words(table, "offer"),
        placement=_words(table, "placement"),
    )


def _matrix(
    table: pa.Table, catalogues: Mapping[str, Catalogue], inputs: Inputs
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """The rows whose vector fits its catalogue's feature list, and all rows' aligned vectors (NaN where none fits)."""
    matrix = np.full((table.num_rows, len(inputs.features)), np.nan)
    fits = np.zeros(table.num_rows, np.bool_)
    versions = _words(table, "catalogue")
    lengths = pc.list_value_length(table.column("features")).to_numpy()
    for version in np.unique(versions).tolist():
        catalogue = catalogues[version]
        recorded = inputs_of(FeatureList.of(catalogue.workspace, catalogue.schema))
        rows = np.flatnonzero((versions == version) & (lengths == len(recorded.features)))
        vectors = pc.list_flatten(table.column("features").take(rows))
        flat = vectors.to_numpy().astype(np.float64)
        matrix[rows] = align(flat.reshape(len(rows), len(recorded.features)), recorded, inputs)
        fits[rows] = True
    return np.flatnonzero(fits), matrix


def _floats(table: pa.Table, name: str) -> NDArray[np.float64]:
    return table.column(name).to_numpy().astype(np.float64)


def _words(table: pa.Table, name: str) -> NDArray[np.str_]:
    return np.array(table.column(name).to_pylist(), np.str_)
