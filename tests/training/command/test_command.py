"""The commands, from a journal in a real store to a model in use and figures on the screen."""

import asyncio
import json
from pathlib import Path

import click
import pytest

from decision.command.model_show import show
from decision.settings import Settings
from decision.store.opening import open_store
from decision.version.registry import Registry
from models.model import load_model
from rules.errors import Invalid, NotFound
from rules.package import pack, read_package
from tests.training.command.running import NOW, PACKAGE, run
from tests.training.shop import GOAL, START
from training.command.evaluate import evaluate
from training.command.experiment import experiment
from training.command.simulate import simulate
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


@pytest.mark.parametrize("command", [train, evaluate, simulate, experiment], ids=lambda command: command.name)
def test_where_figures_cannot_be_written_nothing_is_begun(command: click.Command, tmp_path: Path) -> None:
    options = [option.name for option in command.params if option.name in {"figures", "page"}]
    for name in options:
        option = "--json" if name == "figures" else "--html"
        subject = ("levers",) if command is experiment else ()
        said = run(command, *subject, option, str(tmp_path / "nowhere" / "figures"))
        assert "There is no folder" in said
    assert "figures" in options


def test_mistaken_options_are_named(settings: Settings) -> None:
    with pytest.raises(NotFound, match="accept"):
        run(train, "--goal", "nothing")
    with pytest.raises(NotFound, match="home"):
        run(train, "--placement", "nowhere")
    assert "--now" in run(train, "--now", "tomorrow")
    with pytest.raises(Invalid, match="--no-activate"):
        run(train, "--force", "--no-activate")


def test_what_does_not_pass_is_put_to_use_by_force_alone_and_its_record_says_so(
    settings: Settings, tmp_path: Path
) -> None:
    figures = tmp_path / "figures.json"
    asyncio.run(_publish_margin(settings, 1.0))
    said = run(train, "--now", NOW, "--threads", "1", "--json", str(figures))
    assert "not in use: it did not pass" in said
    told = json.loads(figures.read_bytes())
    failed = [check["name"] for check in told["gate"]["checks"] if not check["passed"]]
    assert (told["in_use"], "gain" in failed) == (False, True)
    assert asyncio.run(_model_in_use(settings)) == (None, b"")

    # Nothing came since, whatever became of the model.
    assert "Nothing to do: 0 shown offers came since" in run(train, "--now", NOW, "--if-new")

    said = run(train, "--now", NOW, "--threads", "1", "--force")
    assert "in use in spite of" in said
    version, blob = asyncio.run(_model_in_use(settings))
    gate = load_model(blob).artefact.gate
    assert gate is not None
    assert (gate.forced, gate.passed) == (True, False)
    assert version is not None
    shown = " ".join(run(show, version).split())
    assert "put to use all the same" in shown
    assert "warm-up" in shown


async def _publish_margin(settings: Settings, margin: float) -> None:
    """The same workspace with another margin of its gate."""
    files = read_package(PACKAGE)
    toml = files.toml + f"\n[promotion]\nmargin = {margin}\n".encode()
    async with open_store(settings) as store:
        registry = Registry(store)
        version = await registry.put("catalogue", pack(toml, files.offers, files.offers_name), START)
        await registry.activate("catalogue", version)
