"""`concierge model`: the stored models, what is said about them, and which is in use."""

import asyncio
from pathlib import Path

import rich_click as click
from rich.table import Column, Table

from decision.clock import wall_clock
from decision.command.console import open_console
from decision.command.model_show import show
from decision.composition import compose
from decision.service.admission import served
from decision.service.publishing import Published
from decision.settings import read_settings
from decision.store.opening import open_store
from decision.version.registry import Registry, VersionInfo
from models.adoption import adopt_forest
from models.artefact import encode_artefact
from rules.errors import ArtefactError, NotFound
from rules.ids import GoalId
from rules.instant import format_instant


@click.group()
def model() -> None:
    """List, show, activate, challenge, publish and adopt models."""


model.add_command(show)


@model.command(name="list")
def list_models() -> None:
    """List all stored models, the latest first."""
    infos, current, challengers = asyncio.run(_all())
    columns = ("In use for", "Challenges", "Goal", "Kind", Column("Evidence", justify="right"), "Gate")
    table = Table(Column("Version", no_wrap=True), *columns, Column("Stored", no_wrap=True), "By")
    for info in infos:
        slots = [
            ", ".join(sorted(goal for goal, version in pointers.items() if version == info.version))
            for pointers in (current, challengers)
        ]
        figures = [str(info.summary.get(name, "")) for name in ("goal", "kind", "evidence", "gate")]
        table.add_row(info.version, *slots, *figures, format_instant(info.created), info.by)
    open_console().print(table)


@model.command()
@click.argument("version")
def activate(version: str) -> None:
    """Put a stored model to use for its goal."""
    published = asyncio.run(_activate(version))
    click.echo(f"In use: {published.version} instead of {published.before or 'none'}; workers take it within seconds.")
    click.echo(f"Gate: {published.gate}.")


@model.command()
@click.argument("version")
def challenge(version: str) -> None:
    """Score live traffic with a stored model beside the one in use, without showing what it would."""
    published = asyncio.run(_challenge(version))
    instead = f" instead of {published.before}" if published.before not in {None, version} else ""
    click.echo(f"Challenger: {version}{instead}; workers take it within seconds.")


@model.command()
@click.argument("goal")
def unchallenge(goal: str) -> None:
    """Score live traffic of GOAL with the model in use alone."""
    click.echo(f"No challenger any more: {asyncio.run(_unchallenge(goal))}.")


@model.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--activate/--no-activate", default=True, help="Also put it to use for its goal.")
def publish(file: Path, activate: bool) -> None:
    """Store a model FILE, such as one from another machine."""
    published = asyncio.run(_publish(file.read_bytes(), activate))
    click.echo(f"Stored {published.version}{', in use' if activate else ''}; gate: {published.gate}.")


@model.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--goal", required=True, help="The goal that the model was trained for.")
@click.option("--activate/--no-activate", default=True, help="Also put it to use for its goal.")
def adopt(file: Path, goal: str, activate: bool) -> None:
    """Store a LightGBM text model FILE that was trained elsewhere, if the workspace declares its features."""
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ArtefactError(f"{file} is no text ({error}): give the file that Booster.save_model wrote") from error
    published = asyncio.run(_adopt(text, GoalId(goal), activate))
    click.echo(f"Stored {published.version}{', in use' if activate else ''}; gate: {published.gate}.")


async def _all() -> tuple[list[VersionInfo], dict[str, str], dict[str, str]]:
    async with open_store(read_settings()) as store:
        registry = Registry(store)
        return await registry.versions("model"), await registry.current("model"), await registry.challengers()


async def _activate(version: str) -> Published:
    settings = read_settings()
    async with open_store(settings) as store:
        return await compose(store, settings).publishing.activate("model", version)


async def _challenge(version: str) -> Published:
    settings = read_settings()
    async with open_store(settings) as store:
        return await compose(store, settings).publishing.challenge(version)


async def _unchallenge(goal: str) -> str:
    settings = read_settings()
    async with open_store(settings) as store:
        return await compose(store, settings).publishing.withdraw_challenger(goal)


async def _adopt(text: str, goal: GoalId, activate: bool) -> Published:
    settings = read_settings()
    async with open_store(settings) as store:
        concierge = compose(store, settings)
        await concierge.refresher.refresh()
        snapshot = served(concierge.refresher.snapshot)
        spec = snapshot.catalogue.workspace.goals.get(goal)
        if spec is None:
            goals = ", ".join(sorted(snapshot.catalogue.workspace.goals))
            raise NotFound(f"There is no goal {goal!r}; the catalogue has {goals}.")
        artefact = adopt_forest(text, goal, spec.objective, snapshot.features, wall_clock())
        blob = encode_artefact(artefact)
        return await concierge.publishing.publish_model(blob, "command line", activate)


async def _publish(blob: bytes, activate: bool) -> Published:
    settings = read_settings()
    async with open_store(settings) as store:
        return await compose(store, settings).publishing.publish_model(blob, "command line", activate)
