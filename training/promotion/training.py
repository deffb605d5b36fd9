"""A training from end to end: journal in, artefact out, judged beside the model in use."""

import asyncio

import duckdb
import msgspec

from decision.version.registry import Registry
from models.artefact import Artefact, encode_artefact
from models.feature import FeatureList
from models.model import Model, load_model
from rules.ids import GoalId, Instant, ModelVersion
from training.errors import TrainingError
from training.evaluation.evaluation import Evaluation
from training.evaluation.judgement import Step, evaluate_material
from training.learning.course import Course, train
from training.learning.dataset import read_rows
from training.material.material import Material, Range, champion_of, gather

JUDGED = 10_000
"""Most decisions that a training decides again; `concierge evaluate` takes all."""


class Trained(msgspec.Struct, frozen=True, eq=False):
    """A training's course, and what its policy would have earned on the judged decisions.

    `artefact` is that of the course with the value per decision of every policy among its metrics. `evaluation` is None
    when there was nothing to judge on, and `unjudged` says why.
    """

    artefact: Artefact
    course: Course
    evaluation: Evaluation | None
    unjudged: str = ""


async def train_goal(
    registry: Registry,
    connection: duckdb.DuckDBPyConnection,
    goal: GoalId,
    range: Range,
    created: Instant,
    threads: int,
    step: Step = lambda: None,
) -> Trained:
    """Train a model for a goal on the decisions in a range, and judge it on the latest of them; publishes nothing.

    Raises TrainingError when there is too little to learn from, `NotFound` for an unknown goal or placement.
    """
    material = await gather(registry, connection, goal, range)
    champion, version = await champion_of(registry, material.question)
    return await asyncio.to_thread(_train, material, champion, version, created, threads, step)


def _train(
    material: Material,
    champion: Model,
    version: ModelVersion | None,
    created: Instant,
    threads: int,
    step: Step,
) -> Trained:
    question, catalogue = material.question, material.catalogue
    features = FeatureList.of(catalogue.workspace, catalogue.schema)
    rows = read_rows(material.connection, question, material.catalogues, material.places, features)
    course = train(
        rows, question.goal, question.objective, created, champion.artefact if version is not None else None, threads
    )
    judged = load_model(encode_artefact(course.judged))
    judged_from = Instant(int(rows.at[course.parts.judge].min()))
    evaluation, unjudged = None, ""
    # A champion that does not fit the workspace any more must not keep the new model from being judged.
    for models in ({"model": judged, "champion": champion}, {"model": judged}):
        try:
            evaluation = evaluate_material(material, judged_from, models, step, JUDGED)
            break
        except TrainingError as error:
            unjudged = str(error)
    if evaluation is None:
        # Decisions without known probabilities teach, but cannot tell what another policy would have earned.
        return Trained(course.artefact, course, None, unjudged)
    metrics = {name: dict(figures) for name, figures in course.artefact.metrics.items()}
    for found in evaluation.comparisons:
        figures = metrics.setdefault(found.policy, {})
        figures["value_per_decision"] = found.snips.value
        figures["value_per_decision_error"] = found.snips.standard_error
        figures["effective_sample_size"] = found.snips.effective_sample_size
    return Trained(msgspec.structs.replace(course.artefact, metrics=metrics), course, evaluation)
