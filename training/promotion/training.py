"""A training from end to end: journal in, artefact out, held against the model in use."""

import asyncio

import duckdb
import msgspec

from decision.version.registry import Registry
from models.artefact import Artefact, encode_artefact
from models.feature import FeatureList
from models.gate import Gate
from models.model import Model, load_model, prior_model
from rules.ids import GoalId, Instant, ModelVersion
from training.errors import TrainingError
from training.evaluation.estimators import doubly_robust
from training.evaluation.intervals import clustered_error
from training.evaluation.judged import Judged
from training.evaluation.judgement import Step, judge_material
from training.evaluation.support import support_of
from training.learning.course import Course, train
from training.learning.dataset import read_rows, read_young_rows
from training.learning.delay import Young
from training.learning.reliability import Reliability, figures_of, reliability_of
from training.learning.rows import Rows
from training.material.ledger import first_offers
from training.material.material import Material, Range, champion_of, gather
from training.promotion.checks.predictions import Predictors
from training.promotion.gate import CHAMPION, MODEL, Trial, checks_of
from training.promotion.renewal import Renewal, renewal_of
from training.promotion.review import review

JUDGED = 10_000
"""Most decisions that a training decides again; `concierge evaluate` takes all."""


class Trained(msgspec.Struct, frozen=True, eq=False):
    """A training's course, and what its policy would have earned on the judged decisions.

    `artefact` is that of the course with the value per decision of every policy among its metrics, and what the gate
    checked. `judged` is None when there was nothing to judge on, and `unjudged` says why. `reliability` holds its
    predictions against what came, per channel and theme.
    """

    artefact: Artefact
    gate: Gate
    course: Course
    judged: Judged | None
    reliability: tuple[Reliability, ...]
    unjudged: str = ""


class Champion(msgspec.Struct, frozen=True, eq=False):
    """The model in use; without one its version is None, and the prior stands in for it."""

    model: Model
    version: ModelVersion | None


async def train_goal(
    registry: Registry,
    connection: duckdb.DuckDBPyConnection,
    goal: GoalId,
    range: Range,
    created: Instant,
    threads: int,
    step: Step = lambda: None,
    only_if_new: bool = False,
) -> Trained | Renewal:
    """Train a model for a goal on the decisions in a range, and hold it against the champion; publishes nothing.

    With `only_if_new` a training that too little came for since the last one is left, and gives what came. Raises
    TrainingError when there is too little to learn from, `NotFound` for an unknown goal or placement.
    """
    material = await gather(registry, connection, goal, range)
    if only_if_new and not (renewal := await renewal_of(registry, material)).due:
        return renewal
    champion = Champion(*await champion_of(registry, material.question))
    return await asyncio.to_thread(_train, material, champion, created, threads, step)


def _train(material: Material, champion: Champion, created: Instant, threads: int, step: Step) -> Trained:
    catalogue = material.catalogue
    features = FeatureList.of(catalogue.workspace, catalogue.schema)
    asked = material.connection, material.question, material.catalogues, material.taught, features
    return train_rows(material, read_rows(*asked), champion, created, threads, step, read_young_rows(*asked))


def train_rows(
    material: Material,
    rows: Rows,
    champion: Champion,
    created: Instant,
    threads: int,
    step: Step = lambda: None,
    young: Young | None = None,
) -> Trained:
    """Train on rows of a material, and hold what comes of it against the champion on the material's decisions."""
    question, catalogue = material.question, material.catalogue
    known = champion.model.artefact if champion.version is not None else None
    course = train(rows, question.goal, question.objective, created, known, threads, young)
    judged_from = Instant(int(rows.at[course.parts.judge].min()))
    judged, unjudged = _judge(material, course, champion.model, judged_from, step, threads)
    later = msgspec.structs.replace(question, since=judged_from)
    reviewed = review(
        first_offers(material.connection, later, material.places, JUDGED),
        material.catalogues,
        rows.inputs,
        catalogue.workspace.promotion.segments,
    )
    trial = Trial(
        rows,
        course.parts,
        course.artefact,
        Predictors(course.judged, known),
        reviewed,
        judged,
        unjudged,
        catalogue,
    )
    gate = Gate(champion.version, checks_of(trial, catalogue.workspace.promotion))
    reliability = reliability_of(course.judged, rows.take(course.parts.judge), catalogue)
    metrics = _metrics(course.artefact, judged) | figures_of(reliability)
    artefact = msgspec.structs.replace(course.artefact, metrics=metrics, gate=gate)
    return Trained(artefact, gate, course, judged, reliability, unjudged)


def _judge(
    material: Material, course: Course, champion: Model, since: Instant, step: Step, threads: int
) -> tuple[Judged | None, str]:
    """What the course's model would have earned beside the champion, or why that cannot be told."""
    challenger, question = load_model(encode_artefact(course.judged)), material.question
    unjudged = ""
    # Where the champion does not fit the workspace any more, decisions go without a model.
    for beside in (champion, prior_model(question.goal, question.objective)):
        try:
            models = {MODEL: challenger, CHAMPION: beside}
            return judge_material(material, since, models, step, JUDGED, threads=threads), ""
        except TrainingError as error:
            unjudged = str(error)
    # Decisions without known probabilities teach, but cannot tell what another policy would have earned.
    return None, unjudged


def _metrics(artefact: Artefact, judged: Judged | None) -> dict[str, dict[str, float]]:
    """The artefact's figures, and what each policy is worth where the log can tell."""
    metrics = {name: dict(figures) for name, figures in artefact.metrics.items()}
    if judged is None:
        return metrics
    for name, policy in judged.policies.items():
        support = support_of(judged.logged, policy)
        if not support.refusal:
            worth = doubly_robust(judged.logged, policy)
            figures = metrics.setdefault(name, {})
            figures["value_per_decision"] = worth.value
            figures["value_per_decision_error"] = clustered_error(worth.influence, judged.logged.cluster)
            figures["effective_sample_size"] = support.effective_sample_size
    return metrics
