"""What a reward model learns from: first offers as they were recorded, and showing nothing, whose offer is missing."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from decision.engine.replaying import inputs_of as given_inputs
from decision.engine.snapshot import Snapshot
from decision.engine.weighing import weigh
from decision.journal.record import DecisionRecord
from models.feature import FeatureList, FeatureValues
from rules.catalogue import Catalogue
from training.evaluation.actions import Floats
from training.evaluation.policies import GONE, action_of, worth_of
from training.learning.alignment import align, inputs_of
from training.learning.rows import Inputs
from training.material.folds import fold_of
from training.material.kin import NOBODY, Kin
from training.material.ledger import Earned
from training.material.occasion import occasion
from training.material.question import Question


class Lessons(msgspec.Struct, frozen=True, eq=False):
    """Actions as columns: features f8[n, inputs], what each earned or whether it had a response, and the person's fold.

    `target` f8[n] is 1 or 0 for the objective `response`, else the value that came; `fold` int64[n].
    """

    inputs: Inputs
    matrix: Floats
    target: Floats
    fold: NDArray[np.int64]


def read_lessons(
    earned: Iterable[Earned], question: Question, catalogues: Mapping[str, Catalogue], kin: Kin = NOBODY
) -> Lessons:
    """The lessons of decisions made with these catalogues, in the features that all of them declare.

    `kin` says who is the same person, so that all of a person's decisions are in one fold.
    """
    lists = {version: FeatureList.of(found.workspace, found.schema) for version, found in catalogues.items()}
    wanted = _common([inputs_of(features) for features in lists.values()])
    reader = _Reader(question, catalogues, lists, kin)
    for one in earned:
        reader.read(one)
    return reader.lessons(wanted)


def silent_vector(values: FeatureValues) -> Floats:
    """The features of showing nothing, f8[features]: those of the request, the others missing."""
    vector = np.full(values.number, np.nan)
    vector[values.columns[1]] = values.request
    return vector


class _Reader:
    def __init__(
        self, question: Question, catalogues: Mapping[str, Catalogue], lists: Mapping[str, FeatureList], kin: Kin
    ) -> None:
        self._kin = kin
        self._question = question
        self._catalogues = catalogues
        self._lists = lists
        self._snapshots: dict[str, Snapshot] = {}
        self._vectors: dict[str, list[Sequence[float]]] = {version: [] for version in catalogues}
        self._targets: dict[str, list[float]] = {version: [] for version in catalogues}
        self._folds: dict[str, list[int]] = {version: [] for version in catalogues}

    def read(self, earned: Earned) -> None:
        record, version = earned.record, earned.record.catalogue
        action = action_of(record)
        if action is None or version not in self._catalogues:
            return
        if action.offer is None:
            vector: Sequence[float] = self._silent(record).tolist()
        else:
            vector = min(record.decision.offers, key=lambda shown: shown.rank).features
        if len(vector) != len(self._lists[version].specs):
            return
        response = self._question.objective == "response"
        target = float(earned.hits > 0) if response else worth_of(earned, action, self._question)
        self._vectors[version].append(vector)
        self._targets[version].append(target)
        name, _ = occasion(record.customer, record.visitor, record.id, record.now)
        self._folds[version].append(fold_of(self._kin.get(name, name)))

    def lessons(self, wanted: Inputs) -> Lessons:
        matrices = [
            align(np.array(vectors), inputs_of(self._lists[version]), wanted)
            for version, vectors in self._vectors.items()
            if vectors
        ]
        matrix = np.vstack(matrices) if matrices else np.empty((0, len(wanted.features)))
        target, fold = (
            [one for column in columns.values() for one in column] for columns in (self._targets, self._folds)
        )
        return Lessons(wanted, matrix, np.array(target, np.float64), np.array(fold, np.int64))

    def _silent(self, record: DecisionRecord) -> Floats:
        version = record.catalogue
        if version not in self._snapshots:
            self._snapshots[version] = Snapshot.build(self._catalogues[version], {})
        given = given_inputs(record)
        weighing = weigh(
            record.request,
            given.profile,
            given.history,
            self._snapshots[version],
            record.now,
            given.without & GONE | {"model"},
            terms=given.terms,
        )
        return silent_vector(weighing.features)


def _common(lists: Sequence[Inputs]) -> Inputs:
    """The features that all lists have alike, in the order of the first."""
    if not lists:
        return Inputs((), frozenset())
    kept = tuple(
        feature
        for feature in lists[0].features
        if all(
            feature in other.features and (feature.name in other.categorical) == (feature.name in lists[0].categorical)
            for other in lists[1:]
        )
    )
    return Inputs(kept, frozenset(feature.name for feature in kept) & lists[0].categorical)
