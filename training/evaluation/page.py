"""An evaluation as a page of its own, with plots."""

from training.evaluation.evaluation import Comparison, Evaluation
from training.evaluation.policies import CONSTANT
from training.evaluation.table import evaluation_notes
from training.figure import between, digits_of, number, with_error
from training.page.document import document, heading, paragraph, table
from training.page.plot import Mark, bar_plot, interval_plot


def evaluation_page(evaluation: Evaluation, title: str) -> str:
    """One HTML file that holds everything it shows."""
    told = [found for found in evaluation.comparisons if not found.support.refusal]
    values = [
        Mark(found.policy, found.dr.value, found.dr.low, found.dr.high, found.dr.sure_low, found.dr.sure_high)
        for found in told
    ]
    gains = [
        Mark(found.policy, found.gain.value, found.gain.low, found.gain.high)
        for found in told
        if found.policy != CONSTANT and not found.gain.refusal
    ]
    parts = [*map(paragraph, evaluation_notes(evaluation))]
    parts += [heading("Value per decision"), paragraph(_VALUES), interval_plot(values, "Value per decision")]
    parts += [_values_table(evaluation)]
    parts += [heading("Gain over the constant"), paragraph(_GAINS)]
    parts += [interval_plot(gains, "Gain over the constant", zero=True)]
    parts += [heading("Every estimator"), paragraph(_ESTIMATORS), _estimators_table(told)]
    for found in told:
        marks = [Mark(name, one.value, one.low, one.high) for name, one in found.estimates.items()]
        parts += [heading(f"Estimators of {found.policy}"), interval_plot(marks, f"Estimators of {found.policy}")]
    bars = [(found.policy, found.support.effective_sample_size) for found in evaluation.comparisons]
    parts += [
        heading("How far the log supports each policy"),
        paragraph(_SUPPORT),
        bar_plot(bars, "Effective decisions"),
    ]
    return document(title, parts)


_VALUES = (
    "Doubly robust estimates. Thick: intervals of 95 % by bootstrap over subjects. Thin: intervals that hold for any "
    "number of subjects as long as none goes beyond those seen (empirical Bernstein)."
)
_GAINS = "Paired, on the same decisions: what both have in common does not add to the interval."
_ESTIMATORS = (
    "IPS and SNIPS trust the logged probabilities alone, DM the reward model alone, DR and Switch-DR both. Where DM is "
    "far from the others, the reward model is wrong; where Switch-DR is, a few decisions carry the weight. Standard "
    "errors in brackets."
)
_SUPPORT = "How many decisions of equal weight would tell as much."


def _values_table(evaluation: Evaluation) -> str:
    rows = []
    for found in evaluation.comparisons:
        digits = digits_of(found.dr.value)
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
    return table(("Policy", "DR", "Over constant", "Effective decisions", "Mean weight", "Outside the log"), rows)


def _estimators_table(told: list[Comparison]) -> str:
    rows = [
        (found.policy, *(with_error(one.value, one.standard_error) for one in found.estimates.values()))
        for found in told
    ]
    return table(("Policy", "IPS", "SNIPS", "DM", "DR", "Switch-DR"), rows)
