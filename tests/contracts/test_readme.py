"""The README lists every route, setting, reason, metric and command, and none that does not exist."""

import re
from importlib.metadata import entry_points
from pathlib import Path

import rich_click as click
from prometheus_client import REGISTRY

from decision import metrics
from decision.http.app import create_app
from decision.settings import PREFIX, Settings
from rules.reason import Reason

TYPED = re.compile(r"{(\w+):\w+}")
README = (Path(__file__).parents[2] / "README.md").read_text()


def section(title: str) -> str:
    """The text below a heading, up to the next one."""
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", README, re.MULTILINE | re.DOTALL)
    assert found, f"README has no section {title!r}"
    return found[1]


def first_cells(title: str) -> set[str]:
    """What stands in backticks in the first column of a section's tables."""
    return {
        name
        for line in section(title).splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`([^`]+)`", line.split(" | ")[0])
    }


def test_every_setting() -> None:
    assert first_cells("Settings") == {PREFIX + name.upper() for name in Settings.__struct_fields__}


def test_every_route() -> None:
    app = create_app(Settings())
    served = {
        method + " " + TYPED.sub(r"{\1}", route.path)
        for route in app.routes
        if route.path.startswith(("/v1", "/health", "/metrics"))
        for method in getattr(route, "methods", ())
        if method != "OPTIONS"
    }
    assert first_cells("Routes") - {"GET /schema"} == served


def test_every_reason() -> None:
    assert first_cells("Reasons") == {reason.slug for reason in Reason if reason is not Reason.UNDECIDED}
    for reason in Reason:
        if reason is not Reason.UNDECIDED:
            assert f"| `{reason.slug}` | {int(reason)} | {reason.sentence} |" in README


def test_every_metric() -> None:
    assert metrics.DECISIONS
    names = {family.name for family in REGISTRY.collect() if family.name.startswith("concierge_")}
    listed = {name.removesuffix("_total") for name in first_cells("Metrics")}
    assert listed == names


def commands(prefix: str, command: click.Command) -> set[str]:
    if isinstance(command, click.Group):
        return {name for key, inner in command.commands.items() for name in commands(f"{prefix} {key}", inner)}
    return {prefix}


def test_every_command() -> None:
    installed = {
        name
        for entry in entry_points(group="concierge.commands")
        for name in commands(f"concierge {entry.name}", entry.load())
    }
    assert first_cells("Commands") == installed
