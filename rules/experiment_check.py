"""Checks of what divides persons: shares, names, and that no experiment crosses another."""

from collections import Counter as Tally
from collections.abc import Iterator, Sequence
from math import fsum

from rules.division import CHAMPION, HOLDOUT
from rules.experiment import NO_CHANGES, Arm, Experiment
from rules.ids import ExperimentId, PlacementId
from rules.report import Report
from rules.shape import entry_keys

LARGEST = 1.0 + 1e-9
"""Shares that sum to one may not do so exactly."""


def check_holdout(report: Report) -> None:
    """Report a holdout of nobody or of everybody, or at placements that there are not."""
    holdout = report.workspace.holdout
    if holdout is None:
        return
    if not 0 < holdout.share < 1:
        message = f"is the share of persons who are shown nothing and must lie between 0 and 1, not {holdout.share:g}"
        report.add("holdout.share", message)
    _check_salt(report, "holdout.salt", holdout.salt)
    if holdout.placements is not None:
        _check_placements(report, "holdout.placements", holdout.placements)


def check_experiment(report: Report, key: str, experiment: Experiment) -> None:
    """Report every mistake in the settings of one experiment and of its arms."""
    workspace = report.workspace
    if experiment.id in (CHAMPION, HOLDOUT):
        report.add(f"{key}.id", f"{experiment.id!r} means another group; choose another name")
    if experiment.salt is not None:
        _check_salt(report, f"{key}.salt", experiment.salt)
    _check_placements(report, f"{key}.placements", experiment.placements)
    if not experiment.arms:
        report.add(f"{key}.arms", "is empty; give an arm what it does otherwise, and its share")
    total = fsum(arm.share for arm in experiment.arms)
    if total > LARGEST:
        report.add(f"{key}.arms", f"have shares that sum to {total:g}; leave the champion some, or all of one")
    for arm_key, arm in zip(_arm_keys(key, experiment), experiment.arms, strict=True):
        if arm.id == CHAMPION:
            report.add(f"{arm_key}.id", "is what no arm takes; choose another name")
        if not 0 < arm.share <= 1:
            report.add(f"{arm_key}.share", f"must lie above 0 and be at most 1, not {arm.share:g}")
        named = (
            ("without_rules", arm.without_rules, [rule.id for rule in workspace.rules], "rule"),
            ("without_levers", arm.without_levers, [lever.id for lever in workspace.levers], "lever"),
            ("without_policies", arm.without_policies, [entry.id for entry in workspace.contact_policy], "entry"),
        )
        for setting, names, known, what in named:
            for name in names:
                report.check_name(f"{arm_key}.{setting}", name, known, f"a declared {what}")
        if _changes_nothing(arm):
            report.add(arm_key, "does nothing otherwise, so it only tests the division itself", "warning")


def arm_keys(experiments: Sequence[Experiment]) -> Iterator[tuple[str, Experiment, Arm]]:
    """Every arm with its experiment, and what findings call it."""
    keys = entry_keys("experiment", [experiment.id for experiment in experiments])
    for key, experiment in zip(keys, experiments, strict=True):
        for arm_key, arm in zip(_arm_keys(key, experiment), experiment.arms, strict=True):
            yield arm_key, experiment, arm


def check_crossing(report: Report, keys: Sequence[str]) -> None:
    """Report placements that are in several experiments, and experiments that divide persons alike."""
    taken: dict[PlacementId, ExperimentId] = {}
    salts = {} if report.workspace.holdout is None else {report.workspace.holdout.salt: "the holdout"}
    for key, experiment in zip(keys, report.workspace.experiment, strict=True):
        for placement in dict.fromkeys(experiment.placements):
            other = taken.setdefault(placement, experiment.id)
            if other != experiment.id:
                message = f"{placement!r} is in {other!r} already, and can be in one experiment only"
                report.add(f"{key}.placements", message)
        salt = experiment.salt or experiment.id
        name = salts.setdefault(salt, f"experiment {experiment.id!r}")
        if name != f"experiment {experiment.id!r}":
            message = (
                f"{salt!r} is that of {name}, which divides persons alike, so that neither can be told from the other"
            )
            report.add(f"{key}.salt", message)


def _arm_keys(key: str, experiment: Experiment) -> list[str]:
    return entry_keys(f"{key}.arms", [arm.id for arm in experiment.arms])


def _check_salt(report: Report, key: str, salt: str) -> None:
    if not salt or "\0" in salt:
        report.add(key, "must be some text, which tells this division from others")


def _check_placements(report: Report, key: str, placements: Sequence[PlacementId]) -> None:
    if report.is_broken("placements"):
        return
    if not placements:
        report.add(key, "is empty; name a placement")
    for id, times in Tally(placements).items():
        report.check_name(key, id, report.workspace.placements, "a declared placement")
        if times > 1:
            report.add(key, f"names {id!r} {times} times; once is enough")


def _changes_nothing(arm: Arm) -> bool:
    return all(
        getattr(arm, name) == getattr(NO_CHANGES, name) for name in arm.__struct_fields__ if name not in ("id", "share")
    )
