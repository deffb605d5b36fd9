"""An evaluation from end to end: journal in, figures out."""

import asyncio
from collections.abc import Callable

import duckdb
import msgspec

from decision.version.registry import Registry
from models.model import Model, load_model
from rules.errors import ArtefactError
from rules.ids import GoalId, Instant, ModelVersion, OfferId, PlacementId
from training.evaluation.evaluation import Evaluation, constant_order, evaluate
from training.material.ledger import decided_offers, first_offers
from training.material.material import Material, Range, champion_of, gather

Step = Callable[[], None]


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
    return await asyncio.to_thread(evaluate_material, material, since, models, step, decided=decided)


def evaluate_material(
    material: Material,
    since: Instant | None,
    models: dict[str, Model],
    step: Step,
    most: int | None = None,
    decided: tuple[PlacementId, ...] = (),
) -> Evaluation:
    """Evaluate models on the material's decisions from `since` on, on `most` of them; the constant is chosen before.

    Raises TrainingError when no decision can be used.
    """
    question = material.question
    earlier = msgspec.structs.replace(question, since=None, until=since)
    order: tuple[OfferId, ...] = ()
    if since is not None:
        order = constant_order(first_offers(material.connection, earlier, material.places), question)
    later = msgspec.structs.replace(question, since=since)
    logged = first_offers(material.connection, later, material.places, most)
    beside = {placement: decided_offers(material.connection, later, placement) for placement in decided}
    return evaluate(logged, question, material.catalogues, models, order, step, beside)
