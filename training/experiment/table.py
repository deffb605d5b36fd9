"""An experiment's report as tables."""

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from training.experiment.report import ChannelFigures, Report
from training.figure import between, digits_of, number


def show_report(console: Console, report: Report) -> None:
    """Print the report: first whether it can be trusted at all."""
    _show_ratio(console, report)
    for figures in report.channels:
        console.print(_lift_table(report, figures))
    level = f"{100 * report.level:g} %"
    console.print(
        f"Intervals are confidence sequences of {level}: they hold however often one looks, and whenever one stops. "
        "A person is one observation. Beside the persons stands how many there should be.",
        soft_wrap=True,
        highlight=False,
    )
    if report.unvalued:
        console.print(
            f"Outcomes are counted, not valued: {report.unvalued:,} of those who were shown nothing say no value, and "
            "no offer says one for them. Give outcomes a value to compare what they are worth.",
            soft_wrap=True,
            highlight=False,
        )
    if report.mixed:
        console.print(
            f"{report.mixed:,} persons were in several groups, as visitors and as customers. Each counts where it came "
            "first, with all that followed: lifts are a little smaller for it.",
            soft_wrap=True,
            highlight=False,
        )
    if report.changed:
        console.print(
            f"{report.changed:,} decisions at its placements were made while it was declared otherwise, and are not "
            "counted.",
            soft_wrap=True,
            highlight=False,
        )


def _show_ratio(console: Console, report: Report) -> None:
    ratio = report.ratio
    if ratio.p_value is None:
        said = "Too few persons to check whether they were divided as declared."
    elif ratio.alarm:
        said = (
            f"ALARM: persons are not divided as declared (p = {ratio.p_value:.2g}). Something loses or adds some of a "
            "group: find it before any figure below is believed."
        )
    else:
        said = f"Persons are divided as declared (p = {ratio.p_value:.2g})."
    console.print(said, soft_wrap=True, highlight=False)


def _lift_table(report: Report, figures: ChannelFigures) -> Table:
    what = "events" if report.measure.window is None else "outcomes"
    title = f"{report.id} on {figures.channel}, by {what} {report.measure.kind!r}"
    table = Table(title=title, box=SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("Group", no_wrap=True)
    for column in ("Persons", "Decided", what.capitalize(), "Per person"):
        table.add_column(column, justify="right")
    table.add_column(f"Over {report.beside}", justify="right", no_wrap=True)
    digits = max((digits_of(found.value) for found in figures.groups), default=2)
    for found in figures.groups:
        persons = f"{found.persons:,}"
        if figures is report.total:
            persons += f" / {number(report.ratio.expected.get(found.group, 0.0), 0)}"
        lift = "(compared with)" if found.group == report.beside else "too few persons"
        if found.lift is not None and found.low is not None and found.high is not None:
            lift = between(found.lift, found.low, found.high, digits)
        counts = f"{found.decisions:,}", f"{found.hits:,}"
        table.add_row(found.group, persons, *counts, number(found.value, digits), lift)
    return table
