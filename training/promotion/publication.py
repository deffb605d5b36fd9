"""Putting a trained model where workers find it."""

from typing import Literal

import msgspec

from decision.version.registry import Registry
from models.artefact import Artefact, decode_artefact, encode_artefact
from models.gate import verdict
from rules.errors import Conflict
from rules.ids import GoalId, ModelVersion
from training.promotion.checks.warm_up import WARM_UP

TRAINER = "concierge train"
"""Who stores models that were trained here."""

Use = Literal["if-passed", "none", "force"]
"""Whether a model is put to use: if nothing speaks against it, not at all, or whatever does."""


class Promotion(msgspec.Struct, frozen=True):
    """A stored model, whether it is in use now, and whether another one came into use while it was made."""

    version: ModelVersion
    in_use: bool
    overtaken: bool = False


async def promote(registry: Registry, artefact: Artefact, use: Use, expected: str | None) -> Promotion:
    """Store a model with what was checked of it, and put it to use for its goal as `use` says.

    By force too only a model that can be served is put to use; that it was by force stands in its record. Without, it
    replaces the `expected` one alone, which it was held against; rates go on counting, and count as the same.
    """
    gate = artefact.gate
    passed = gate is not None and use == "if-passed" and gate.passed
    forced = gate is not None and use == "force" and not any(check.name == WARM_UP for check in gate.failed)
    if gate is not None and forced:
        artefact = msgspec.structs.replace(artefact, gate=msgspec.structs.replace(gate, forced=not gate.passed))
    version = ModelVersion(
        await registry.put("model", encode_artefact(artefact), artefact.created, TRAINER, _summary(artefact))
    )
    if forced:
        await registry.activate("model", version, artefact.goal)
    overtaken = passed and not await _replace(registry, artefact.goal, version, expected)
    return Promotion(version, forced or (passed and not overtaken), overtaken)


async def _replace(registry: Registry, goal: GoalId, version: ModelVersion, expected: str | None) -> bool:
    """Put a version to use in the place of the expected one, and say whether that still was in use."""
    while True:
        before = (await registry.current("model")).get(goal)
        if before != expected and not await _counted(registry, before, expected):
            return False
        try:
            await registry.activate("model", version, goal, before)
        except Conflict:
            continue
        return True


async def _counted(registry: Registry, *versions: str | None) -> bool:
    """Whether these are rates, or nothing yet."""
    blobs = [await registry.get("model", version) for version in versions if version is not None]
    return all(decode_artefact(blob).kind == "rates" for blob in blobs)


def _summary(artefact: Artefact) -> dict[str, str | int | float]:
    summary: dict[str, str | int | float] = {
        "goal": artefact.goal,
        "objective": artefact.objective,
        "kind": artefact.kind,
        "evidence": artefact.evidence,
        "gate": verdict(artefact.gate),
    }
    for name, figures in sorted(artefact.metrics.items()):
        summary.update({f"{name} {figure}": value for figure, value in figures.items()})
    return summary
