"""The commands, from a journal in a real store to a model in use and figures on the screen."""

import asyncio
import json
from functools import cache
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from decision.journal.journal import Journal
from decision.journal.record import DecisionRecord, OutcomeRecord
from decision.settings import Settings
from decision.store.opening import open_store
from decision.version.registry import Registry
from models.model import load_model
from rules.errors import NotFound
from rules.ids import Instant
from rules.instant import format_instant
from rules.package import unpack
from tests.training.shop import GOAL, MINUTE, START, WEEK, package, visits
from training.command.evaluate import evaluate
from training.command.train import train
from training.errors import TrainingError

VISITS = 1_200
NOW = format_instant(Instant(START + 3 * WEEK))


@pytest.fixture
def settings(tmp_path: Path, valkey_url: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A store with the workspace in use and visits in its log, not yet in segments."""
    settings = Settings(store=valkey_url, data=str(tmp_path / "data"))
    monkeypatch.setenv("CONCIERGE_STORE", settings.store)
    monkeypatch.setenv("CONCIERGE_DATA", settings.data)
    asyncio.run(_fill(settings))
    return settings


PACKAGE = package("{ epsilon = 0.5, temperature = 0.3 }")


@cache
def _records() -> tuple[DecisionRecord | OutcomeRecord, ...]:
    decisions, outcomes = visits(unpack(PACKAGE), VISITS, 1)
    return (*decisions, *outcomes)


async def _fill(settings: Settings) -> None:
    async with open_store(settings) as store:
        registry, journal = Registry(store), Journal(store, settings.folder)
        await registry.activate("catalogue", await registry.put("catalogue", PACKAGE, START))
        await asyncio.gather(*(journal.append(record) for record in _records()))


async def _model_in_use(settings: Settings) -> tuple[str | None, bytes]:
    async with open_store(settings) as store:
        registry = Registry(store)
        version = (await registry.current("model")).get(GOAL)
        return version, b"" if version is None else await registry.get("model", version)


def run(command: click.Command, *arguments: str) -> str:
    """What the command prints; what it raises is raised."""
    return CliRunner().invoke(command, list(arguments), catch_exceptions=False).output


def test_a_model_is_trained_put_to_use_evaluated_and_challenged(settings: Settings, tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    said = run(train, "--now", NOW, "--threads", "1", "--json", str(figures))
    version, blob = asyncio.run(_model_in_use(settings))
    assert version is not None
    assert f"Model {version}" in said
    metrics = json.loads(figures.read_bytes())["metrics"]
    assert metrics["model"]["auc"] > 0.6
    assert metrics["model"]["value_per_decision"] > metrics["uniform"]["value_per_decision"]
    assert load_model(blob).artefact.metrics == metrics

    since = format_instant(Instant(START + VISITS * MINUTE // 2))
    said = run(evaluate, "--now", NOW, "--since", since, "--json", str(figures))
    assert version in said
    evaluation = json.loads(figures.read_bytes())
    assert evaluation["decisions"] == VISITS // 2
    assert [row["policy"] for row in evaluation["comparisons"]] == [version, "constant", "uniform", "logged"]

    # What a placement did is a policy too; this one did what was logged, at every moment.
    said = run(evaluate, "--now", NOW, "--since", since, "--decided", "home", "--json", str(figures))
    assert "silence" in said
    home, silence = json.loads(figures.read_bytes())["reaches"]
    assert (home["policy"], home["contacts"], home["gain"]) == ("home", 1.0, 0.0)
    assert silence["contacts"] == 0.0
    with pytest.raises(TrainingError, match=f"{VISITS // 2} not decided for elsewhere"):
        run(evaluate, "--now", NOW, "--since", since, "--decided", "elsewhere")

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
    with pytest.raises(NotFound, match="model version"):
        run(evaluate, "--model", "0" * 16)
    assert "--now" in run(train, "--now", "tomorrow")
