"""A training from end to end: journal in, artefact out, held against the model in use."""

import asyncio

import duckdb
import msgspec
import numpy as np

from decision.version.registry import Registry
from models.artefact import Artefact
from models.feature import FeatureList
from models.gate import Gate
from models.model import prior_model
from rules.ids import GoalId, Instant
from rules.instant import format_instant
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
from training.material.kin import as_persons
from training.material.ledger import brought_offers, first_offers
from training.material.material import Material, Range, champion_of, gather
from training.promotion.gate import Trial, checks_of
from training.promotion.opponent import Champion, recounted
from training.promotion.renewal import Renewal, renewal_of
from training.promotion.review import WEIGHED, review
from training.promotion.understudy import Understudy, cast, opponents_of, understudy_of

JUDGED = 10_000
"""Most decisions that a training decides again; `concierge evaluate` takes all."""
UNFIT = "no model, for the champion does not fit the catalogues"


class Trained(msgspec.Struct, frozen=True, eq=False):
    """A training's course, and what its policy would have earned on the judged decisions.

    `artefact` is that of the course with the value per decision of every policy among its metrics, and what the gate
    checked. `judged` is None when there was nothing to judge on, and `unjudged` says why. `reliability` holds its
    predictions against what came, per channel and theme. `pointer` is the version that was in use when it began.
    """

    artefact: Artefact
    gate: Gate
    course: Course
    judged: Judged | None
    reliability: tuple[Reliability, ...]
    unjudged: str = ""
    pointer: str | None = None


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
    pointer = (await registry.current("model")).get(goal)
    champion = Champion(*await champion_of(registry, material.question), pointer)
    return await asyncio.to_thread(_train, material, champion, created, threads, step)


def _train(material: Material, champion: Champion, created: Instant, threads: int, step: Step) -> Trained:
    catalogue = material.catalogue
    features = FeatureList.of(catalogue.workspace, catalogue.schema)
    asked = material.connection, material.question, material.catalogues, material.taught, features
    return train_rows(
        material, read_rows(*asked, material.kin), champion, created, threads, step, read_young_rows(*asked)
    )


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
    # Whoever is judged is told by the same names, so that nobody is judged by what was learned from him.
    rows = msgspec.structs.replace(rows, subject=as_persons(rows.subject, material.kin))
    course = train(rows, question.goal, question.objective, created, champion.artefact, threads, young)
    understudy = understudy_of(rows, course, champion.artefact, threads)
    judged, beside, unjudged = _judge(material, rows, understudy, champion, step, threads)
    later = msgspec.structs.replace(question, since=understudy.since)
    reviewed = review(
        first_offers(material.connection, later, material.places, JUDGED),
        material.catalogues,
        rows.inputs,
        catalogue.workspace.promotion.segments,
        every=max(1, min(JUDGED, len(np.unique(rows.decision[understudy.judge]))) // WEIGHED),
    )
    before = rows.take(np.setdiff1d(np.arange(len(rows)), understudy.late))
    stood = recounted(champion, before, catalogue)
    trial = Trial(
        rows,
        course.parts,
        course.artefact,
        understudy,
        stood.artefact,
        reviewed,
        brought_offers(material.connection, question, material.taught),
        judged,
        unjudged,
        beside,
        catalogue,
    )
    gate = Gate(champion.version, checks_of(trial, catalogue.workspace.promotion))
    reliability = reliability_of(course.judged, rows.take(course.parts.judge), catalogue)
    metrics = _metrics(course.artefact, judged) | figures_of(reliability)
    artefact = msgspec.structs.replace(course.artefact, metrics=metrics, gate=gate)
    return Trained(artefact, gate, course, judged, reliability, unjudged, champion.pointer)


def _judge(
    material: Material, rows: Rows, understudy: Understudy, champion: Champion, step: Step, threads: int
) -> tuple[Judged | None, str, str]:
    """What the challenger would have earned beside the champion and who that was, or why it cannot be told."""
    question = material.question
    if not understudy.artefacts:
        return (
            None,
            "",
            f"the champion learned from what came before {format_instant(understudy.since)}, and too little came since",
        )
    first = "the champion" if champion.version is not None else "no model"
    prior = Champion(prior_model(question.goal, question.objective), None)
    unjudged = ""
    for name, beside in ((first, champion), (UNFIT, prior)):
        try:
            models = understudy.models() | opponents_of(beside, rows, material.catalogue)
            found = judge_material(material, understudy.since, models, step, JUDGED, threads=threads, cast=cast)
            return found, name, ""
        except TrainingError as error:
            unjudged = str(error)
    # Decisions without known probabilities teach, but cannot tell what another policy would have earned.
    return None, "", unjudged


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
