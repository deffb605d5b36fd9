"""Who is judged in a challenger's place: it must have learned nothing from what it is judged on, nor may the champion.

Forests grown on everything but a fifth of the persons each stand for the challenger on these persons (cross-fitting,
Chernozhukov et al. 2018), so that every decision counts that the champion has not learned from: all of them beside the
prior, and beside rates, which can be counted without these persons too.

What it predicts is judged later in time than it was learned, as it will be used. Only where the champion has learned
from these rows as well, those who do not know the person stand in here too, on what came since.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.artefact import Artefact, encode_artefact
from models.model import Model, load_model
from rules.catalogue import Catalogue
from rules.ids import Instant
from training.errors import TrainingError
from training.learning.course import Course, calibration_of, warm_up
from training.learning.predictor import predict
from training.learning.recipe import recipe_for
from training.learning.rows import Rows
from training.learning.trainer import Forest, grow_forest
from training.material.folds import FOLDS, fold_of
from training.promotion.opponent import Champion, recounted

MODEL, CHAMPION = "model", "champion"
"""What the policies are called that are judged beside each other."""


class Understudy(msgspec.Struct, frozen=True, eq=False):
    """One artefact for each fold of the persons; without any nobody can be judged yet.

    `judge` are the indices of the rows since the champion learned, which begin at `since`. `late` are those of them
    that predictions are judged on: by `earlier`, who learned from what lies before them, or without it by the others.
    """

    artefacts: tuple[Artefact, ...]
    judge: NDArray[np.intp]
    since: Instant
    late: NDArray[np.intp]
    earlier: Artefact | None

    def predict(self, rows: Rows) -> NDArray[np.float64]:
        """The calibrated prediction f8[n] for each row, by who does not know the person."""
        found = np.array([predict(artefact, rows) for artefact in self.artefacts])
        return np.asarray(found[folds_of(rows), np.arange(len(rows))])

    def predict_late(self, rows: Rows) -> NDArray[np.float64]:
        """The calibrated prediction f8[n] for each late row."""
        found = None if self.earlier is None else predict(self.earlier, rows)
        return self.predict(rows) if found is None else found

    def models(self) -> dict[str, Model]:
        """The models to judge, by the names that `cast` calls them."""
        return {f"{MODEL} {fold}": load_model(encode_artefact(one)) for fold, one in enumerate(self.artefacts)}


def understudy_of(rows: Rows, course: Course, champion: Artefact | None, threads: int) -> Understudy:
    """Who stands for the course's model beside a champion; the rows are those that the course was trained on."""
    begins = Instant(int(rows.at[course.parts.judge].min()))
    since = _learned_until(rows, champion, begins)
    judge = np.flatnonzero(rows.at >= since)
    late, earlier = np.intersect1d(judge, course.parts.judge), course.judged if since <= begins else None
    nobody = Understudy((), judge, since, late[:0], None)
    if not len(judge):
        return nobody
    latest = rows.take(course.parts.judge)
    try:
        grown = tuple(
            _grown(_without(rows, own), _without(latest, own), course.judged, threads) for own in range(FOLDS)
        )
    except TrainingError:
        return nobody
    return Understudy(grown, judge, since, late, earlier)


def opponents_of(champion: Champion, rows: Rows, catalogue: Catalogue) -> dict[str, Model]:
    """The champion's models to judge, by the names that `cast` calls them: rates without each fold of the persons."""
    if not champion.counts:
        return {f"{CHAMPION} {fold}": champion.model for fold in range(FOLDS)}
    return {f"{CHAMPION} {fold}": recounted(champion, _without(rows, fold), catalogue).model for fold in range(FOLDS)}


def cast(person: str) -> dict[str, str]:
    """Which of the models stand for the two policies with a person."""
    fold = fold_of(person)
    return {name: f"{name} {fold}" for name in (MODEL, CHAMPION)}


def folds_of(rows: Rows) -> NDArray[np.intp]:
    """The fold of each row's person, int[n]."""
    names, place = np.unique(rows.subject, return_inverse=True)
    return np.array([fold_of(name) for name in names.tolist()], np.intp)[place]


def _learned_until(rows: Rows, champion: Artefact | None, begins: Instant) -> Instant:
    """Until when the champion may have learned from the rows; where nobody knows, it had better not be the latest."""
    if champion is None or champion.kind == "rates":
        return Instant(int(rows.at.min()))
    return begins if champion.window is None else champion.window[1]


def _without(rows: Rows, fold: int) -> Rows:
    return rows.take(np.flatnonzero(folds_of(rows) != fold))


def _grown(rows: Rows, latest: Rows, judged: Artefact, threads: int) -> Artefact:
    """A forest of as many trees as the judged one on other rows, with the calibration which that needs on the latest.

    So is the artefact that would serve made, of all rows.
    """
    earlier = Forest(judged.forest, judged.features, judged.categories, 0)
    recipe = recipe_for(judged.objective, rows.target, threads)
    forest = grow_forest(rows, None, msgspec.structs.replace(recipe, rounds=judged.forest.count("\nTree=")))
    return msgspec.structs.replace(
        judged,
        features=forest.features,
        categories=forest.categories,
        forest=forest.text,
        calibration=calibration_of(earlier, latest, judged.objective),
        warm_up=warm_up(forest, rows),
    )
