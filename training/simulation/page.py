"""A simulation as a page of its own, with a plot of what the change is worth."""

from training.figure import between, digits_of, number
from training.page.document import document, heading, paragraph, table
from training.page.plot import Mark, bar_plot, interval_plot
from training.simulation.simulation import Example, Simulation
from training.simulation.table import example_lines, simulation_notes

MOST_ROWS = 200
"""Rows of a table; the file of figures has all."""

_WORTH = (
    "By DR over the ranks of the logged slates. In brackets and thick: intervals of 95 % by bootstrap over persons. "
    "The gain is paired: what both sides have in common does not add to the interval."
)
_MOVED = "Offers, and values of what placements and contact policy count by, that gain or lose most."
_CAUSES = (
    "For an offer lost: why the changed side does not show it; for one gained: why the side in use does not. Where "
    "others ranked higher, the part of the score that moved most between the two."
)


def simulation_page(simulation: Simulation, title: str) -> str:
    """One HTML file that holds everything it shows."""
    parts = [*map(paragraph, simulation_notes(simulation))]
    parts += [*_worths(simulation), heading("Decisions"), _placements(simulation)]
    parts += [heading("Exposure"), paragraph(_MOVED), *_exposures(simulation)]
    if simulation.causes:
        rows = [(one.channel, one.direction, one.reason, one.name, f"{one.offers:,}") for one in simulation.causes]
        parts += [heading("Why offers are lost and gained"), paragraph(_CAUSES)]
        parts += [table(("Channel", "Offers are", "Reason", "By", "Offers"), rows[:MOST_ROWS])]
    if simulation.groups:
        parts += [heading("Customer groups: decisions with an offer"), _groups(simulation)]
    if simulation.examples:
        parts += [heading("Examples"), *(part for example in simulation.examples for part in _example(example))]
    return document(title, parts)


def _worths(simulation: Simulation) -> list[str]:
    told = [one for one in simulation.worths if not one.refusal]
    if not simulation.worths:
        return []
    rows = []
    for one in simulation.worths:
        digits = digits_of(one.changed.value if one.present_support.refusal else one.present.value)
        present, changed = (
            support.refusal or between(side.value, side.low, side.high, digits)
            for side, support in ((one.present, one.present_support), (one.changed, one.support))
        )
        gain = "–" if one.refusal else between(one.gain, one.low, one.high, digits)
        effective = f"{one.support.effective_sample_size:,.0f}"
        weight = number(one.support.mean_weight, 3)
        name = f"{one.goal}, {one.channel}"
        rows.append(
            (name, f"{one.decisions:,}", present, changed, gain, effective, weight, f"{one.support.outside:.1%}")
        )
    marks = [Mark(f"{one.goal}, {one.channel}", one.gain, one.low, one.high) for one in told]
    columns = "Goal", "Decisions", "In use", "Changed", "Gain", "Effective ranks", "Mean weight", "Outside the log"
    plot = [interval_plot(marks, "Gain per decision", zero=True)] if marks else []
    return [heading("What a decision earns"), paragraph(_WORTH), *plot, table(columns, rows)]


def _placements(simulation: Simulation) -> str:
    rows = [
        (one.placement, *(f"{each:,}" for each in (one.decisions, one.otherwise, one.silent_before, one.silent_after)))
        for one in simulation.placements
    ]
    return table(("Placement", "Decisions", "Otherwise", "Silent before", "Silent after"), rows)


def _exposures(simulation: Simulation) -> list[str]:
    moved = sorted(
        (one for one in simulation.exposures if one.after != one.before), key=lambda one: -abs(one.after - one.before)
    )
    if not moved:
        return []
    bars = [(f"{one.channel}: {one.value}", float(one.after - one.before)) for one in moved if one.attribute != "id"]
    rows = [
        (one.value, one.attribute, one.channel, f"{one.before:,}", f"{one.after:,}", f"{one.after - one.before:+,}")
        for one in moved[:MOST_ROWS]
    ]
    plot = [bar_plot(bars[:20], "Exposure gained and lost")] if bars else []
    return [*plot, table(("Value", "Of", "Channel", "Before", "After", "Change"), rows)]


def _groups(simulation: Simulation) -> str:
    rows = [
        (f"{one.attribute} {one.value}", one.channel, *(f"{each:,}" for each in (one.decisions, one.before, one.after)))
        for one in simulation.groups[:MOST_ROWS]
    ]
    return table(("Group", "Channel", "Decisions", "Before", "After"), rows)


def _example(example: Example) -> list[str]:
    first, *lines = example_lines(example)
    return [heading(first), table(("Side", "Offer and reason"), [tuple(line.strip().split(": ", 1)) for line in lines])]
