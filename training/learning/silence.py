"""Decisions that showed nothing, as rows: what was known of the request, and what followed all the same."""

from collections.abc import Mapping

import duckdb
import numpy as np
from numpy.typing import NDArray

from decision.engine.facts import facts_of
from decision.engine.replaying import inputs_of as given_to
from decision.journal.record import DecisionRecord
from models.feature import BoundFeatures, FeatureList
from rules.catalogue import Catalogue
from rules.ids import PlacementId
from training.learning.alignment import align, inputs_of
from training.learning.rows import Rows
from training.material.ledger import silences
from training.material.occasion import occasion
from training.material.question import Question


def read_silences(
    connection: duckdb.DuckDBPyConnection,
    question: Question,
    catalogues: Mapping[str, Catalogue],
    places: Mapping[str, frozenset[PlacementId]],
    wanted: FeatureList,
) -> Rows:
    """One row per decision that showed nothing by chance and whose window has passed; it names no offer.

    Features of the request are computed anew from the profile, contacts and context it was made on; those of an offer
    are missing (NaN). The target is the value that came without an offer.
    """
    asked = list(silences(connection, question, places))
    records = [earned.record for earned in asked]
    versions = np.array([record.catalogue for record in records], np.str_)
    inputs = inputs_of(wanted)
    matrix = np.full((len(asked), len(inputs.features)), np.nan)
    for version in np.unique(versions).tolist():
        requests = _Requests(catalogues[version])
        rows = np.flatnonzero(versions == version)
        known = np.stack([requests.features(records[row]) for row in rows])
        matrix[rows] = align(known, inputs_of(requests.list), inputs)
    on = [occasion(record.customer, record.visitor, record.id, record.now) for record in records]
    unknown = np.full(len(asked), np.nan)
    return Rows(
        inputs=inputs,
        matrix=matrix,
        target=np.array([earned.value for earned in asked]),
        worth=np.zeros(len(asked)),
        position=np.ones(len(asked)),
        probability=np.array([record.none_probability for record in records]),
        at=np.array([at for _, at in on], np.int64),
        delay=unknown,
        subject=np.array([subject for subject, _ in on], np.str_),
        decision=np.array([record.id for record in records], np.str_),
        offer=np.full(len(asked), "", np.str_),
        placement=np.array([record.request.placement for record in records], np.str_),
    )


class _Requests:
    """The features of requests under one catalogue; its placements are bound when first needed."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.list = FeatureList.of(catalogue.workspace, catalogue.schema)
        self._catalogue = catalogue
        self._bound: dict[PlacementId, BoundFeatures] = {}

    def features(self, record: DecisionRecord) -> NDArray[np.float64]:
        """f8[features] of a record's request, NaN where they are of an offer."""
        placement = record.request.placement
        bound = self._catalogue.placements[placement]
        if placement not in self._bound:
            self._bound[placement] = self.list.bind(bound.offers)
        given = given_to(record)
        # What could not be loaded then was not known, and counts as none.
        history = None if "history" in given.without else given.history
        counts = None if history is None else bound.tally.count(history, record.now)
        facts = facts_of(self._catalogue, bound, given.profile, counts, record.request.context, record.now)
        values = self._bound[placement].run(facts)
        known = np.full(values.number, np.nan)
        known[values.columns[1]] = values.request
        return known
