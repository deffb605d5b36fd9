"""Putting a trained model where workers find it."""

from decision.version.registry import Registry
from models.artefact import Artefact, encode_artefact
from models.model import load_model
from rules.ids import ModelVersion


async def publish(registry: Registry, artefact: Artefact, by: str, activate: bool) -> ModelVersion:
    """Store a model, and put it to use for its goal when `activate`; returns its version.

    The blob is loaded first as a worker would load it, so a model that cannot be served raises ArtefactError here and
    changes nothing.
    """
    blob = encode_artefact(artefact)
    model = load_model(blob)
    summary: dict[str, str | int | float] = {
        "goal": artefact.goal,
        "objective": artefact.objective,
        "kind": artefact.kind,
        "evidence": artefact.evidence,
    }
    for name, figures in sorted(artefact.metrics.items()):
        summary.update({f"{name} {figure}": value for figure, value in figures.items()})
    await registry.put("model", blob, artefact.created, by, summary)
    if activate:
        await registry.activate("model", model.version, artefact.goal)
    return model.version
