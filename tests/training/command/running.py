"""Running a command as its user does."""

import re
from collections import Counter

import click
from click.testing import CliRunner

from rules.ids import Instant
from rules.instant import format_instant
from tests.training.shop import START, WEEK, package

VISITS = 1_200
NOW = format_instant(Instant(START + 3 * WEEK))
PACKAGE = package("{ epsilon = 0.5, temperature = 0.3 }")


def lost(narrow: str, wide: str) -> Counter[str]:
    """The figures of a wide output that a narrow one has not, or less often."""
    figure = re.compile(r"[-+]?\d[\d.,:%]*")
    return Counter(figure.findall(wide)) - Counter(figure.findall(narrow))


def run(command: click.Command, *arguments: str) -> str:
    """What the command prints; what it raises is raised."""
    return CliRunner().invoke(command, list(arguments), catch_exceptions=False).output
