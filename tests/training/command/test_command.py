"""The commands, from a journal in a real store to a model in use and figures on the screen."""

import asyncio
import json
from pathlib import Path

import pytest

from decision.settings import Settings
from decision.store.opening import open_store
from decision.version.registry import Registry
from models.model import load_model
from rules.errors import NotFound
from tests.training.command.running import NOW, run
from tests.training.shop import GOAL
from training.command.train import train
from training.errors import TrainingError


async def _model_in_use(settings: Settings) -> tuple[str | None, bytes]:
    async with open_store(settings) as store:
        registry = Registry(store)
        version = (await registry.current("model")).get(GOAL)
        return version, b"" if version is None else await registry.get("model", version)


def test_a_model_is_trained_put_to_use_and_challenged(settings: Settings, tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    said = run(train, "--now", NOW, "--threads", "1", "--json", str(figures))
    version, blob = asyncio.run(_model_in_use(settings))
    assert version is not None
    assert f"Model {version}" in said
    metrics = json.loads(figures.read_bytes())["metrics"]
    assert metrics["model"]["auc"] > 0.6
    assert metrics["model"]["value_per_decision"] > metrics["uniform"]["value_per_decision"]
    assert load_model(blob).artefact.metrics == metrics

    said = run(train, "--now", NOW, "--threads", "1", "--no-activate")
    assert "champion" in said
    assert "not in use" in said
    assert asyncio.run(_model_in_use(settings))[0] == version


def test_without_passed_windows_nothing_is_trained(settings: Settings) -> None:
    with pytest.raises(TrainingError, match="--now"):
        run(train, "--goal", "accept")
    assert asyncio.run(_model_in_use(settings))[0] is None


def test_mistaken_options_are_named(settings: Settings) -> None:
    with pytest.raises(NotFound, match="accept"):
        run(train, "--goal", "nothing")
    with pytest.raises(NotFound, match="home"):
        run(train, "--placement", "nowhere")
    assert "--now" in run(train, "--now", "tomorrow")
