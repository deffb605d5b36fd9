"""Checks of what a workspace declares: attributes, affinities, traits, activities, counters, goals and their names."""

import re
from collections import Counter as Tally
from collections.abc import Iterable

from rules.offer_reading import BUILT_IN
from rules.report import Report
from rules.workspace import Attribute

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}", re.ASCII)
_RESERVED = frozenset(("in", "as", "break", "const", "continue", "else", "false", "for", "function", "if", "import"))
_RESERVED |= frozenset(("let", "loop", "namespace", "null", "package", "return", "true", "var", "void", "while"))
KINDS = ("customer", "offer", "context", "event")
POSITION = "position"
"""The name of the model input that training adds by itself."""
MOST_WEIGHT = 1e12
"""The largest weight of one event or outcome in an affinity, of either sign: sums of such weights stay finite."""


def check_declarations(report: Report) -> None:
    """Report every declaration that contradicts itself or names something that is not declared."""
    workspace = report.workspace
    for kind in KINDS:
        attributes: dict[str, Attribute] = getattr(workspace.attributes, kind)
        _check_names(report, f"attributes.{kind}", attributes)
        for name, attribute in attributes.items():
            _check_attribute(report, f"attributes.{kind}.{name}", attribute)
    for name in workspace.attributes.offer:
        if name in BUILT_IN:
            report.add(f"attributes.offer.{name}", "is built in with its own type; drop the declaration")
    _check_names(report, "affinities", workspace.affinities)
    _check_names(report, "traits", workspace.traits)
    _check_names(report, "activities", workspace.activities)
    _check_names(report, "counters", workspace.counters)
    _check_affinities(report)
    _check_traits(report)
    for name, activity in workspace.activities.items():
        if not activity.events:
            report.add(f"activities.{name}.events", "is empty; name at least one kind of event")
    for name, counter in workspace.counters.items():
        key = f"counters.{name}"
        check_count(report, f"{key}.count", counter.count)
        report.check_duration(f"{key}.within", counter.within)
        report.check_per(f"{key}.per", counter.per)
        check_channels(report, f"{key}.channels", counter.channels)
    _check_goals(report)


def check_id(report: Report, key: str, id: str) -> None:
    """Report an id that cannot stand in a URL, a metric or a log line."""
    if _ID.fullmatch(id) is None:
        report.add(key, f"{id!r} is not a usable id; write letters, digits and any of _ . : -, at most a hundred")


def check_count(report: Report, key: str, count: str) -> None:
    """Report a kind of contact that is empty."""
    if not count.strip():
        report.add(key, "is empty; write decision, impression or a kind of outcome")


def check_channels(report: Report, key: str, channels: Iterable[str]) -> None:
    """Report an empty list of channels, or one named twice."""
    times = Tally(channels)
    if not times:
        report.add(key, "is empty; name a channel, or leave the setting out for all of them")
    for channel, number in times.items():
        if number > 1:
            report.add(key, f"names {channel} {number} times; once is enough")


def _check_names(report: Report, section: str, names: Iterable[str]) -> None:
    for name in names:
        if _NAME.fullmatch(name) is None or name in _RESERVED:
            message = "cannot be read in an expression; use letters, digits and _, and none of CEL's own words"
            report.add(f"{section}.{name}", message)


def _check_attribute(report: Report, key: str, attribute: Attribute) -> None:
    if attribute.values is None or report.is_broken(f"{key}.type"):
        return
    if attribute.type not in ("string", "list", "map"):
        report.add(
            f"{key}.values", f"closes the set of a string, a list or a map, not of type {attribute.type}; drop it"
        )
    if not attribute.values:
        report.add(f"{key}.values", "is empty, so nothing would fit; name the values or drop the setting")
    for value, times in Tally(attribute.values).items():
        if times > 1:
            report.add(f"{key}.values", f"has {value!r} {times} times; keep one")


def _check_affinities(report: Report) -> None:
    for name, affinity in report.workspace.affinities.items():
        key = f"affinities.{name}"
        report.check_attribute(f"{key}.event", "event", affinity.event, ("string", "list"))
        report.check_attribute(f"{key}.offer", "offer", affinity.offer, ("string", "list"))
        report.check_duration(f"{key}.half_life", affinity.half_life)
        if not affinity.weights:
            report.add(f"{key}.weights", "is empty, so nothing is ever learned; give a kind of event its weight")
        for event, weight in affinity.weights.items():
            if abs(weight) > MOST_WEIGHT:
                message = f"must lie between -{MOST_WEIGHT:g} and {MOST_WEIGHT:g}, not {weight:g}"
                report.add(f"{key}.weights.{event}", message)


def _check_traits(report: Report) -> None:
    workspace = report.workspace
    for name, trait in workspace.traits.items():
        key = f"traits.{name}"
        if not report.is_broken("affinities"):
            report.check_name(f"{key}.affinity", trait.affinity, workspace.affinities, "a declared affinity")
        if trait.declared is not None:
            report.check_attribute(f"{key}.declared", "customer", trait.declared, ("string",))
        if trait.searching is not None:
            report.check_attribute(f"{key}.searching", "context", trait.searching, ("string",))
        if not 0 <= trait.blend <= 1:
            report.add(f"{key}.blend", f"is a share and must lie between 0 and 1, not {trait.blend:g}")


def _check_goals(report: Report) -> None:
    if not report.workspace.goals and not report.is_broken("goals"):
        report.add("goals", "is empty; declare at least one goal for the placements to work towards")
    for id, goal in report.workspace.goals.items():
        key = f"goals.{id}"
        check_id(report, key, id)
        check_count(report, f"{key}.outcome", goal.outcome)
        report.check_duration(f"{key}.window", goal.window)
        if goal.objective != "response" and goal.value is not None and not report.is_broken(f"{key}.objective"):
            learns = f'objective "{goal.objective}", which learns the worth from outcomes'
            report.add(f"{key}.value", f"cannot stand beside {learns}; drop one of the two")
