"""The part of an evaluation's page that is about whole slates."""

from collections.abc import Sequence

from training.evaluation.estimators import ESTIMATORS
from training.evaluation.policies import LOGGED
from training.evaluation.slate_table import ASSUMPTIONS, slate_digits, slate_notes, values_of
from training.evaluation.slated import SlateComparison
from training.figure import between, number, with_error
from training.page.document import heading, paragraph, table
from training.page.plot import Mark, axis_of, interval_plot


def slate_parts(slates: Sequence[SlateComparison]) -> list[str]:
    """What slates are worth under each assumption; nothing without slates."""
    return [part for assumption in ASSUMPTIONS for part in _under(slates, assumption)] if slates else []


def _under(slates: Sequence[SlateComparison], assumption: str) -> list[str]:
    found = {one.policy: values_of(one)[assumption] for one in slates}
    told = {policy: values for policy, values in found.items() if not values.support.refusal}
    title = f"Whole slates ({assumption})"
    parts = [heading(title), paragraph(" ".join(slate_notes(slates, assumption)))]
    drs = {policy: values.estimates["DR"] for policy, values in told.items()}
    marks = [Mark(policy, dr.value, dr.low, dr.high) for policy, dr in drs.items()]
    if marks:
        parts.append(interval_plot(marks, "Value of all ranks, per decision", axis_of(marks)))
    digits = slate_digits(slates, assumption)
    rows: list[tuple[str, ...]] = []
    for policy, values in found.items():
        dr, gain, support = values.estimates["DR"], values.gain, values.support
        rows.append(
            (
                policy,
                between(dr.value, dr.low, dr.high, digits) if policy in told else "–",
                "–" if policy == LOGGED else between(gain.value, gain.low, gain.high, digits),
                f"{support.effective_sample_size:,.0f}",
                number(support.mean_weight, 3),
                f"{support.outside:.1%}",
            )
        )
    columns = "Policy", "Value (DR)", "Gain over the log", "Effective ranks", "Mean weight", "Outside the log"
    parts.append(table(columns, rows))
    rows = [
        (policy, *(with_error(one.value, one.standard_error, digits) for one in values.estimates.values()))
        for policy, values in told.items()
    ]
    return [*parts, table(("Policy", *ESTIMATORS), rows)]
