"""`concierge check` and `publish`: a workspace folder becomes an immutable version in use."""

import asyncio
import sys
from collections.abc import Iterable
from pathlib import Path

import rich_click as click

from decision.command.console import open_console
from decision.composition import compose
from decision.service.publishing import Published
from decision.settings import read_settings
from decision.store.opening import open_store
from rules.check import check_workspace
from rules.errors import Fault, Invalid, WorkspaceError
from rules.finding import Finding

WORKSPACE_FILE = "concierge.toml"
OFFER_FILES = ("offers.csv", "offers.parquet")

Folder = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.argument("folder", type=Folder, metavar="DIR")
def check(folder: Path) -> None:
    """Report all mistakes of the workspace in DIR, each with its file, key and what to do."""
    checked = check_workspace(*workspace_files(folder))
    _report(checked.findings)
    errors = sum(finding.severity == "error" for finding in checked.findings)
    warnings = len(checked.findings) - errors
    said = f" and {_counted(warnings, 'warning')}" if warnings else ""
    if errors:
        click.echo(f"{_counted(errors, 'error')}{said}: {folder} cannot be published.", err=True)
        sys.exit(1)
    click.echo(f"{folder} can be published: no error{said}.")


@click.command()
@click.argument("folder", type=Folder, metavar="DIR")
def publish(folder: Path) -> None:
    """Store the workspace in DIR as a version and put it to use; a broken one is refused."""
    try:
        published = asyncio.run(_publish(folder))
    except WorkspaceError as error:
        _report(getattr(error, "findings", ()))
        raise
    _report(published.warnings)
    before = f" instead of {published.before}" if published.before not in {None, published.version} else ""
    click.echo(f"Published {published.version}{before}; workers take it within seconds.")


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def workspace_files(folder: Path) -> tuple[bytes, bytes, str]:
    """The workspace's TOML, its offers, and the offers' file name; raises `Invalid` when one is missing."""
    toml = folder / WORKSPACE_FILE
    offers = [folder / name for name in OFFER_FILES if (folder / name).exists()]
    faults = [] if toml.exists() else [Fault(str(toml), "does not exist; a workspace needs it")]
    if len(offers) != 1:
        found = "both exist; keep one" if offers else "neither exists; a workspace needs one"
        faults.append(Fault(str(folder), f"{' and '.join(OFFER_FILES)}: {found}"))
    if faults:
        raise Invalid(tuple(faults))
    return toml.read_bytes(), offers[0].read_bytes(), offers[0].name


def _report(findings: Iterable[Finding]) -> None:
    console = open_console(stderr=True, highlight=False)
    for finding in findings:
        colour = "red" if finding.severity == "error" else "yellow"
        console.print(f"[{colour}]{finding.severity}[/] ", end="")
        console.print(str(finding), markup=False, soft_wrap=True)


async def _publish(folder: Path) -> Published:
    settings = read_settings()
    async with open_store(settings) as store:
        return await compose(store, settings).publishing.publish_workspace(*workspace_files(folder), by="command line")
