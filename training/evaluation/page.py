"""An evaluation as a page of its own, with plots."""

from collections.abc import Sequence

from training.evaluation.evaluation import Comparison, Evaluation
from training.evaluation.policies import CHALLENGER, CHAMPION_MODEL, CONSTANT, GREEDY, LOGGED, NOTHING, UNIFORM
from training.evaluation.slate_page import slate_parts
from training.evaluation.table import evaluation_notes
from training.figure import between, digits_of, number, with_error, with_interval
from training.page.document import document, heading, paragraph, table
from training.page.plot import Mark, axis_of, bar_plot, interval_plot


def evaluation_page(evaluation: Evaluation, title: str) -> str:
    """One HTML file that holds everything it shows."""
    told = [found for found in evaluation.comparisons if not found.support.refusal]
    parts = [*map(paragraph, evaluation_notes(evaluation)), paragraph(_policies(evaluation.comparisons))]
    parts += [heading("What a decision earns"), paragraph(_VALUES), *_values(told)]
    parts += [_values_table(evaluation)]
    parts += _gains(told) + _exploring(evaluation) + _reaches(evaluation) + _estimators(told)
    parts += slate_parts(evaluation.slates)
    bars = [(found.policy, found.support.effective_sample_size) for found in evaluation.comparisons]
    parts += [heading("How far the log supports each policy"), paragraph(_SUPPORT)]
    parts += [bar_plot(bars, f"Effective decisions, of {evaluation.decisions:,}")]
    return document(title, parts)


_WORDS = {
    CHAMPION_MODEL: "the model in use, exploring as its placements say",
    GREEDY: "the same without exploring",
    CHALLENGER: "the model that is tried beside it",
    CONSTANT: "always the offer that earned most before, or the next best that may be shown",
    UNIFORM: "any offer that may be shown, each as likely",
    LOGGED: "what was really done",
    NOTHING: "showing nobody anything",
}
_VALUES = (
    "Per decision, in the unit of the goal's values, by doubly robust estimates (DR). Thick, and in brackets: "
    "intervals of 95 % by bootstrap over subjects. Thin: intervals that hold for any number of subjects as long as "
    "none goes beyond those seen (empirical Bernstein), cut off where they leave the plot."
)
_GAINS = (
    "Paired, on the same decisions: what both have in common does not add to the interval. An interval beyond the line "
    "at 0 tells policies apart."
)
_EXPLORING = "What the champion earns more by exploring than by always showing what scores best, per decision."
_REACHES = (
    "Values are SNIPS; standard errors in brackets of values, intervals of 95 % in those of gains. What a contact "
    "brought is what was earned more than by showing nothing."
)
_ESTIMATORS = (
    "IPS and SNIPS trust the logged probabilities alone, DM the reward model alone, DR and Switch-DR both. Where DM is "
    "far from the others, the reward model is wrong; where Switch-DR is, a few decisions carry the weight. Standard "
    "errors in brackets."
)
_SUPPORT = "How many decisions of equal weight would tell as much about it as the logged ones do."


def _policies(comparisons: Sequence[Comparison]) -> str:
    said = [f"{found.policy}: {_WORDS.get(found.policy, 'the model of this version')}" for found in comparisons]
    return f"{'; '.join(said)}."


def _digits(told: Sequence[Comparison]) -> int:
    """Decimals of all values in a table, so that they can be compared down the column."""
    return digits_of(max((abs(found.dr.value) for found in told), default=0.0))


def _values(told: Sequence[Comparison]) -> list[str]:
    marks = [
        Mark(found.policy, found.dr.value, found.dr.low, found.dr.high, found.dr.sure_low, found.dr.sure_high)
        for found in told
    ]
    return [interval_plot(marks, "Value per decision", axis_of(marks))] if marks else []


def _values_table(evaluation: Evaluation) -> str:
    rows = []
    digits = _digits([found for found in evaluation.comparisons if not found.support.refusal])
    for found in evaluation.comparisons:
        told, gain = not found.support.refusal, found.gain
        rows.append(
            (
                found.policy,
                between(found.dr.value, found.dr.low, found.dr.high, digits) if told else "–",
                "–" if found.policy == CONSTANT else between(gain.value, gain.low, gain.high, digits),
                f"{found.support.effective_sample_size:,.0f}",
                number(found.support.mean_weight, 3),
                f"{found.support.outside:.1%}",
            )
        )
    columns = "Policy", "Value (DR)", "Gain over the constant", "Effective decisions", "Mean weight", "Outside the log"
    return table(columns, rows)


def _gains(told: Sequence[Comparison]) -> list[str]:
    marks = [
        Mark(found.policy, found.gain.value, found.gain.low, found.gain.high)
        for found in told
        if found.policy != CONSTANT and not found.gain.refusal
    ]
    if not marks:
        return []
    title = "Gain over the constant, per decision"
    plot = interval_plot(marks, title, axis_of(marks, zero=True), zero=True)
    return [heading("Gain over the constant"), paragraph(_GAINS), plot]


def _exploring(evaluation: Evaluation) -> list[str]:
    rows = []
    for placement, gain in evaluation.exploring.items():
        found = between(gain.value, gain.low, gain.high, digits_of(gain.beside))
        rows.append((placement, gain.refusal or found, f"{gain.decisions:,}"))
    if not rows:
        return []
    columns = "Placement", "Gain", "Decisions"
    return [heading("What exploring earns, or costs"), paragraph(_EXPLORING), table(columns, rows)]


def _reaches(evaluation: Evaluation) -> list[str]:
    if not evaluation.reaches:
        return []
    first = evaluation.reaches[0]
    digits = digits_of(first.value.value)
    rows = [
        (
            found.policy,
            number(found.contacts, 2),
            with_error(found.value.value, found.value.standard_error, digits),
            "–" if found is first else with_interval(found.gain, found.gain_error, digits),
            with_error(found.contact_worth, found.contact_worth_error, digits),
        )
        for found in evaluation.reaches
    ]
    columns = "Placement", "Contacts per decision", "Value", f"Gain over {first.policy}", "Earned per contact"
    return [heading("What the placements' contacts would have brought"), paragraph(_REACHES), table(columns, rows)]


def _estimators(told: Sequence[Comparison]) -> list[str]:
    digits = _digits(told)
    rows = [
        (found.policy, *(with_error(one.value, one.standard_error, digits) for one in found.estimates.values()))
        for found in told
    ]
    each = {
        found.policy: [Mark(name, one.value, one.low, one.high) for name, one in found.estimates.items()]
        for found in told
    }
    # One axis for all, so that policies can be compared.
    axis = axis_of([mark for marks in each.values() for mark in marks])
    plots = [interval_plot(marks, f"Value per decision: {policy}", axis) for policy, marks in each.items()]
    columns = "Policy", "IPS", "SNIPS", "DM", "DR", "Switch-DR"
    return [heading("Every estimator"), paragraph(_ESTIMATORS), table(columns, rows), *plots]
