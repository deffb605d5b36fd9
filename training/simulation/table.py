"""A simulation as tables for people."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from math import isnan

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from decision.engine.explained_offer import ExplainedOffer
from rules.instant import format_instant
from training.figure import digits_of, number
from training.simulation.simulation import Example, Exposure, GroupReach, Simulation
from training.simulation.worth import EVERYWHERE, Worth

MOST_ROWS = 8
"""Rows of each channel in a table; files have all."""


def show_simulation(console: Console, simulation: Simulation) -> None:
    """Print what changes, why, for whom, and the examples."""
    console.print("\n".join(simulation_notes(simulation)), soft_wrap=True, highlight=False)
    if simulation.worths:
        console.print(_worths(simulation.worths))
    console.print(_placements(simulation))
    for attribute, rows in moved_exposures(simulation.exposures):
        console.print(_exposures(attribute, rows))
    if simulation.causes:
        console.print(_causes(simulation))
    if simulation.groups:
        console.print(_groups(simulation.groups))
    for example in simulation.examples:
        console.print("\n".join(example_lines(example)), soft_wrap=True, highlight=False, markup=False)


def simulation_notes(simulation: Simulation) -> list[str]:
    """What was compared, how much differs, what was left out, and who gets nothing any more."""
    before, after = simulation.reached
    lines = [
        f"In use: {simulation.names[0]}",
        f"Changed: {simulation.names[1]}",
        f"{simulation.otherwise:,} of {simulation.decisions:,} decisions come out otherwise. Of {simulation.persons:,} "
        f"persons {before:,} got an offer, and {after:,} would.",
    ]
    lines += [f"{count:,} decisions were left out: {reason}." for reason, count in simulation.skipped.items()]
    lines += [
        f"{one.decisions:,} decisions for {one.goal} are not valued: {one.reason}." for one in simulation.unvalued
    ]
    silenced = [group for group in simulation.groups if group.silenced]
    lines += [
        f"No offer any more on {group.channel} where {group.attribute} is {group.value}: {group.before:,} decisions "
        "had one."
        for group in silenced
    ]
    return lines


def _table(title: str, words: Sequence[str], figures: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
    for word in words:
        table.add_column(word, overflow="fold")
    for figure in figures:
        table.add_column(figure, justify="right", no_wrap=True)
    return table


def _worths(worths: Sequence[Worth]) -> Table:
    table = _table("What a decision earns (95 %)", ("Goal", "Channel"), ("Decisions", "In use", "Changed", "Gain"))
    for one in worths:
        digits = digits_of(one.changed.value if isnan(one.present.value) else one.present.value)
        sides = [number(each.value, digits) for each in (one.present, one.changed)]
        gain = f"{number(one.gain, digits)} ({number(one.low, digits)} to {number(one.high, digits)})"
        table.add_row(one.goal, one.channel, f"{one.decisions:,}", *sides, "–" if one.refusal else gain)
    told = "By DR over the ranks, on the log's outcomes; persons are drawn together."
    table.caption = " ".join((told, *worth_refusals(worths)))
    return table


def worth_refusals(worths: Sequence[Worth]) -> list[str]:
    """Why gains cannot be told, in sentences."""
    refused: dict[str, list[str]] = {}
    for one in worths:
        if one.refusal:
            refused.setdefault(one.refusal, []).append("all channels" if one.channel == EVERYWHERE else one.channel)
    return [f"On {', '.join(channels)} the gain cannot be told: {why}." for why, channels in refused.items()]


def _placements(simulation: Simulation) -> Table:
    table = _table("Decisions", ("Placement",), ("Decisions", "Otherwise", "Silent before", "After"))
    for one in simulation.placements:
        table.add_row(
            one.placement,
            *(f"{figure:,}" for figure in (one.decisions, one.otherwise, one.silent_before, one.silent_after)),
        )
    return table


def moved_exposures(rows: Iterable[Exposure]) -> list[tuple[str, list[Exposure]]]:
    """What is shown more or less often, by attribute."""
    ordered = sorted(rows, key=lambda row: row.attribute)
    moved = (
        (attribute, [row for row in each if row.after != row.before])
        for attribute, each in groupby(ordered, lambda row: row.attribute)
    )
    return [(attribute, each) for attribute, each in moved if each]


def _exposures(attribute: str, rows: Sequence[Exposure]) -> Table:
    what = "Offers" if attribute == "id" else f"Offers by {attribute}"
    table = _table(f"{what} that are shown more or less", ("Channel", what), ("Before", "After", "Change"))
    for _, each in groupby(rows, lambda row: row.channel):
        for row in list(each)[:MOST_ROWS]:
            share = f"{row.after / row.before - 1:+.0%}" if row.before else "new"
            table.add_row(row.channel, row.value, f"{row.before:,}", f"{row.after:,}", share)
    return table


def _causes(simulation: Simulation) -> Table:
    table = _table("Why offers are lost and gained", ("Channel", "Offers are", "Reason", "By"), ("Offers",))
    for _, each in groupby(simulation.causes, lambda row: (row.channel, row.direction)):
        for row in list(each)[:MOST_ROWS]:
            table.add_row(row.channel, row.direction, row.reason, row.name, f"{row.offers:,}")
    return table


def _groups(groups: Sequence[GroupReach]) -> Table:
    title = "Customer groups: decisions with an offer"
    table = _table(title, ("Channel", "Attribute", "Value"), ("Decisions", "Before", "After"))
    for group in groups[: 2 * MOST_ROWS]:
        table.add_row(
            group.channel,
            group.attribute,
            group.value,
            *(f"{figure:,}" for figure in (group.decisions, group.before, group.after)),
        )
    return table


def example_lines(example: Example) -> list[str]:
    """Who it is about, then each side's offers with their reasons."""
    lines = [example_line(example)]
    for name, side in (("before", example.before), ("after", example.after)):
        lines += [f"  {name}: {_offer(offer)}" for offer in side] or [f"  {name}: the placement is gone"]
    return lines


def example_line(example: Example) -> str:
    """Who an example is about, where and when."""
    who = example.customer or example.visitor or "nobody in particular"
    return f"{who} on {example.placement}, {format_instant(example.at)} (decision {example.decision})"


def _offer(offer: ExplainedOffer) -> str:
    rank = f"{offer.rank}." if offer.rank is not None else "–"
    score = "" if offer.score is None else f" (score {offer.score:.4g})"
    return f"{rank} {offer.offer}{score}: {offer.sentence}"
