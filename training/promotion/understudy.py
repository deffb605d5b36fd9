"""Who is judged in a challenger's place: it must have learned nothing from what it is judged on, nor may the champion.

Usually a model grown on what lies before the judged rows. Where the champion has learned from these, only what came
since then can tell the two apart, and that is what the challenger is there for; so forests grown on everything but a
third of the persons each stand for it on these persons (cross-fitting, Chernozhukov et al. 2018).
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.artefact import Artefact, encode_artefact
from models.model import Model, load_model
from rules.ids import Instant
from training.errors import TrainingError
from training.evaluation.judged import Judged
from training.learning.course import Course, warm_up
from training.learning.predictor import predict
from training.learning.recipe import recipe_for
from training.learning.rows import Rows
from training.learning.trainer import grow_forest
from training.material.folds import fold_of

THIRDS = 3
MODEL, CHAMPION = "model", "champion"
"""What the policies are called that are judged beside each other."""


class Understudy(msgspec.Struct, frozen=True, eq=False):
    """One artefact, or one for each third of the persons; `judge` are the indices of the rows to judge on.

    They begin at `since`. Without artefacts nobody can be judged yet.
    """

    artefacts: tuple[Artefact, ...]
    judge: NDArray[np.intp]
    since: Instant

    def predict(self, rows: Rows) -> NDArray[np.float64]:
        """The calibrated prediction f8[n] for each row, by who learned nothing from it."""
        found = np.array([predict(artefact, rows) for artefact in self.artefacts])
        return np.asarray(found[self._who(rows.subject), np.arange(len(rows))])

    def models(self) -> dict[str, Model]:
        """The models to judge, by the names of their policies."""
        return {f"{MODEL} {n}": load_model(encode_artefact(artefact)) for n, artefact in enumerate(self.artefacts)}

    def joined(self, judged: Judged) -> Judged:
        """With one policy in the place of these models': on each decision that of who learned nothing from it."""
        who, rows = self._who(judged.subject), np.arange(len(judged.subject))
        each = [judged.policies[f"{MODEL} {number}"] for number in range(len(self.artefacts))]
        columns = {
            name: np.array([getattr(policy, name) for policy in each])[who, rows] for name in each[0].__struct_fields__
        }
        own = {MODEL: msgspec.structs.replace(each[0], **columns)}
        others = {name: policy for name, policy in judged.policies.items() if not name.startswith(f"{MODEL} ")}
        return msgspec.structs.replace(judged, policies=own | others)

    def _who(self, subjects: NDArray[np.str_]) -> NDArray[np.intp]:
        names, place = np.unique(subjects, return_inverse=True)
        own = np.array([fold_of(name) % len(self.artefacts) for name in names.tolist()], np.intp)
        return own[place]


def understudy_of(rows: Rows, course: Course, champion: Artefact | None, threads: int) -> Understudy:
    """Who stands for the course's model beside a champion; the rows are those that the course was trained on."""
    begins = Instant(int(rows.at[course.parts.judge].min()))
    if champion is None or champion.kind == "rates" or champion.window is None or champion.window[1] <= begins:
        return Understudy((course.judged,), course.parts.judge, begins)
    since = champion.window[1]
    fresh = np.flatnonzero(rows.at >= since)
    if not len(fresh):
        return Understudy((), fresh, since)
    third = np.array([fold_of(subject) % THIRDS for subject in rows.subject.tolist()])
    try:
        grown = tuple(_grown(rows.take(np.flatnonzero(third != own)), course.judged, threads) for own in range(THIRDS))
    except TrainingError:
        return Understudy((), fresh, since)
    return Understudy(grown, fresh, since)


def _grown(rows: Rows, judged: Artefact, threads: int) -> Artefact:
    """A forest of as many trees as the judged one, on other rows; it keeps that one's calibration."""
    recipe = recipe_for(judged.objective, rows.target, threads)
    forest = grow_forest(rows, None, msgspec.structs.replace(recipe, rounds=judged.forest.count("\nTree=")))
    return msgspec.structs.replace(
        judged,
        features=forest.features,
        categories=forest.categories,
        forest=forest.text,
        warm_up=warm_up(forest, rows),
    )
