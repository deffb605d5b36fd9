"""A simulation as a page of its own, with a plot of what the change is worth."""

from training.figure import between, digits_of, number
from training.page.document import document, heading, paragraph, table
from training.page.plot import Mark, axis_of, bar_plot, interval_plot
from training.simulation.simulation import Example, Simulation
from training.simulation.table import example_line, moved_exposures, simulation_notes, worth_refusals
from training.simulation.worth import Worth

MOST_ROWS = 200
"""Rows of a table; the file of figures has all."""

MOST_BARS = 20

_WORTH = (
    "Per decision, in the unit of the goal's values, by DR over the ranks of the logged slates. In brackets and thick: "
    "intervals of 95 % by bootstrap over persons. The gain is paired: what both sides have in common does not add to "
    "the interval."
)
_DUST = 0.02
"""Part of what a decision earns below which a plot of gains does not magnify them."""
_MOVED = (
    "How often offers are shown, in use and under the change: those that gain or lose most. Beside offers, the values "
    "that placements and contact policy count by."
)
_CAUSES = (
    "For an offer lost: why the changed side does not show it; for one gained: why the side in use does not. Where "
    "others ranked higher, the part of the score that moved most between the two."
)
_SILENT = "Otherwise: with another slate. Silent: showing nothing."
_EXAMPLES = (
    "Decisions that come out otherwise, drawn by chance, with every offer that either side shows. A dash for a rank: "
    "this side does not show it."
)


def simulation_page(simulation: Simulation, title: str) -> str:
    """One HTML file that holds everything it shows."""
    parts = [*map(paragraph, simulation_notes(simulation))]
    parts += [*_worths(simulation), heading("Decisions"), paragraph(_SILENT), _placements(simulation)]
    parts += [heading("Exposure"), paragraph(_MOVED), *_exposures(simulation)]
    if simulation.causes:
        rows = [(one.channel, one.direction, one.reason, one.name, f"{one.offers:,}") for one in simulation.causes]
        parts += [heading("Why offers are lost and gained"), paragraph(_CAUSES)]
        parts += [table(("Channel", "Offers are", "Reason", "By", "Offers"), rows[:MOST_ROWS], words=4)]
    if simulation.groups:
        parts += [heading("Customer groups: decisions with an offer"), _groups(simulation)]
    if simulation.examples:
        parts += [heading("Examples"), paragraph(_EXAMPLES)]
        parts += [part for example in simulation.examples for part in _example(example)]
    return document(title, parts)


def _worths(simulation: Simulation) -> list[str]:
    if not simulation.worths:
        return []
    rows = []
    for one in simulation.worths:
        digits = digits_of(_earned(one))
        sides = (between(side.value, side.low, side.high, digits) for side in (one.present, one.changed))
        gain = "–" if one.refusal else between(one.gain, one.low, one.high, digits)
        effective, weight = f"{one.support.effective_sample_size:,.0f}", number(one.support.mean_weight, 3)
        outside = f"{one.support.outside:.1%}"
        rows.append((one.goal, one.channel, f"{one.decisions:,}", *sides, gain, effective, weight, outside))
    told = [one for one in simulation.worths if not one.refusal]
    marks = [Mark(f"{one.goal}, {one.channel}", one.gain, one.low, one.high) for one in told]
    least = _DUST * max((abs(_earned(one)) for one in told), default=0.0)
    axis = axis_of(marks, zero=True, least=least)
    plot = [interval_plot(marks, "Gain of the change, per decision", axis, zero=True)] if marks else []
    columns = "Goal", "Channel", "Decisions", "In use", "Changed", "Gain", "Effective ranks", "Mean weight", "Outside"
    return [
        heading("What a decision earns"),
        paragraph(_WORTH),
        *plot,
        table(columns, rows, words=2),
        *map(paragraph, worth_refusals(simulation.worths)),
    ]


def _earned(one: Worth) -> float:
    """What a decision earns, on the side of which it can be told."""
    return one.changed.value if one.present_support.refusal else one.present.value


def _placements(simulation: Simulation) -> str:
    rows = [
        (one.placement, *(f"{each:,}" for each in (one.decisions, one.otherwise, one.silent_before, one.silent_after)))
        for one in simulation.placements
    ]
    return table(("Placement", "Decisions", "Otherwise", "Silent in use", "Silent changed"), rows)


def _exposures(simulation: Simulation) -> list[str]:
    parts = []
    for attribute, each in moved_exposures(simulation.exposures):
        moved = sorted(each, key=lambda one: -abs(one.after - one.before))
        what = "Offers" if attribute == "id" else f"Offers by {attribute}"
        bars = [(f"{one.channel}: {one.value}", float(one.after - one.before)) for one in moved[:MOST_BARS]]
        rows = [
            (one.channel, one.value, f"{one.before:,}", f"{one.after:,}", f"{one.after - one.before:+,}")
            for one in moved[:MOST_ROWS]
        ]
        parts += [heading(what, 3), bar_plot(bars, "Times shown: changed less in use")]
        parts += [table(("Channel", what, "In use", "Changed", "Difference"), rows, words=2)]
    return parts


def _groups(simulation: Simulation) -> str:
    rows = [
        (one.channel, one.attribute, one.value, *(f"{each:,}" for each in (one.decisions, one.before, one.after)))
        for one in simulation.groups[:MOST_ROWS]
    ]
    return table(("Channel", "Attribute", "Value", "Decisions", "In use", "Changed"), rows, words=3)


def _example(example: Example) -> list[str]:
    rows = [
        (
            side,
            "–" if told.rank is None else f"{told.rank}.",
            str(told.offer),
            told.sentence,
            "–" if told.score is None else f"{told.score:.4g}",
        )
        for side, each in (("in use", example.before), ("changed", example.after))
        for told in each
    ]
    rows += [
        (side, "–", "–", "The placement is gone.", "–")
        for side, each in (("in use", example.before), ("changed", example.after))
        if not each
    ]
    return [heading(example_line(example), 3), table(("Side", "Rank", "Offer", "Why", "Score"), rows, words=4)]
