"""Putting a trained model where workers find it."""

from typing import Literal

import msgspec

from decision.version.registry import Registry
from models.artefact import Artefact, encode_artefact
from rules.ids import ModelVersion
from training.promotion.checks.warm_up import WARM_UP

TRAINER = "concierge train"
"""Who stores models that were trained here."""

Use = Literal["if-passed", "none", "force"]
"""Whether a model is put to use: if nothing speaks against it, not at all, or whatever does."""


class Promotion(msgspec.Struct, frozen=True):
    """A stored model, and whether it is in use now."""

    version: ModelVersion
    in_use: bool


async def promote(registry: Registry, artefact: Artefact, use: Use) -> Promotion:
    """Store a model with what was checked of it, and put it to use for its goal as `use` says.

    By force too only a model that can be served is put to use; that it was by force stands in its record.
    """
    gate = artefact.gate
    in_use = gate is not None and use == "if-passed" and gate.passed
    if gate is not None and use == "force" and not any(check.name == WARM_UP for check in gate.failed):
        in_use = True
        artefact = msgspec.structs.replace(artefact, gate=msgspec.structs.replace(gate, forced=not gate.passed))
    version = ModelVersion(
        await registry.put("model", encode_artefact(artefact), artefact.created, TRAINER, _summary(artefact))
    )
    if in_use:
        await registry.activate("model", version, artefact.goal)
    return Promotion(version, in_use)


def _summary(artefact: Artefact) -> dict[str, str | int | float]:
    summary: dict[str, str | int | float] = {
        "goal": artefact.goal,
        "objective": artefact.objective,
        "kind": artefact.kind,
        "evidence": artefact.evidence,
    }
    if artefact.gate is not None:
        summary["gate"] = ", ".join(check.name for check in artefact.gate.failed) or "passed"
    for name, figures in sorted(artefact.metrics.items()):
        summary.update({f"{name} {figure}": value for figure, value in figures.items()})
    return summary
