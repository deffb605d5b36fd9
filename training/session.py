"""A training and an evaluation from end to end: journal in, artefact or figures out."""

import asyncio
from collections.abc import Callable

import duckdb
import msgspec

from decision.version.registry import Registry
from models.artefact import Artefact, encode_artefact
from models.feature import FeatureList
from models.model import Model, load_model
from rules.errors import ArtefactError
from rules.ids import GoalId, Instant, ModelVersion, OfferId, PlacementId
from training.errors import TrainingError
from training.evaluation.evaluation import Evaluation, constant_order, evaluate
from training.learning.course import Course, train
from training.learning.dataset import read_rows
from training.material.ledger import decided_offers, first_offers
from training.material.material import Material, Range, champion_of, gather

Step = Callable[[], None]

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


async def evaluate_goal(
    registry: Registry,
    connection: duckdb.DuckDBPyConnection,
    goal: GoalId,
    range: Range,
    versions: tuple[ModelVersion, ...] = (),
    step: Step = lambda: None,
    decided: tuple[PlacementId, ...] = (),
) -> Evaluation:
    """Evaluate stored models of a goal (without `versions` the one in use) on the decisions in a range.

    With `decided` also what those placements decided for the same subjects at the same moments. Without `range.since`
    the range begins where the models' training ended. The constant is chosen on what lies before.
    """
    material = await gather(registry, connection, goal, range)
    if versions:
        models = {str(version): load_model(await registry.get("model", version)) for version in versions}
    else:
        champion, current = await champion_of(registry, material.question)
        models = {current or "no model": champion}
    question = material.question
    for version, model in models.items():
        if (model.goal, model.objective) != (goal, question.objective):
            raise ArtefactError(
                f"Model {version} is for goal {model.goal!r} and objective {model.objective!r}; give one for {goal!r}."
            )
    ends = [model.artefact.window[1] for model in models.values() if model.artefact.window is not None]
    since = question.since if question.since is not None else max(ends, default=None)
    return await asyncio.to_thread(_evaluate, material, since, models, step, decided=decided)


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
            evaluation = _evaluate(material, judged_from, models, step, JUDGED)
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


def _evaluate(
    material: Material,
    since: Instant | None,
    models: dict[str, Model],
    step: Step,
    most: int | None = None,
    decided: tuple[PlacementId, ...] = (),
) -> Evaluation:
    question = material.question
    earlier = msgspec.structs.replace(question, since=None, until=since)
    order: tuple[OfferId, ...] = ()
    if since is not None:
        order = constant_order(first_offers(material.connection, earlier, material.places), question)
    later = msgspec.structs.replace(question, since=since)
    logged = first_offers(material.connection, later, material.places, most)
    beside = {placement: decided_offers(material.connection, later, placement) for placement in decided}
    return evaluate(logged, question, material.catalogues, models, order, step, beside)
