"""Checks of all that has an id: placements, rules, levers, contact policy, volume limits and features."""

from collections import Counter as Tally
from collections.abc import Sequence

from rules.attribute import closest, suggest
from rules.choice import Exploration
from rules.contact import DECISION_KIND, MOST_COUNTED
from rules.declarations import MOST_WEIGHT, POSITION, check_channels, check_count, check_id
from rules.experiment_check import check_crossing, check_experiment, check_holdout
from rules.ids import Instant, OfferId, PlacementId
from rules.instant import parse_instant
from rules.offer import OfferTable
from rules.promotion import check_promotion
from rules.report import Report
from rules.report_kind import event_kinds, measured_kinds
from rules.shape import entry_keys
from rules.volume_check import check_volume
from rules.workspace import ContactPolicy, Lever, Placement

MOST_FACTOR = 1000.0
"""A lever multiplies or divides by at most this, so that the product of a hundred levers is still a number."""


def check_references(report: Report, offers: OfferTable | None) -> None:
    """Report every wrong number, date and id, and every name of something that is not there."""
    workspace = report.workspace
    if not workspace.placements and not report.is_broken("placements"):
        report.add("placements", "is empty; declare at least one placement to decide for")
    for id, placement in workspace.placements.items():
        _check_placement(report, f"placements.{id}", id, placement, offers)
    for key, rule in zip(_unique(report, "rules", [rule.id for rule in workspace.rules]), workspace.rules, strict=True):
        _check_placements(report, f"{key}.placements", rule.placements)
    lever_keys = _unique(report, "levers", [lever.id for lever in workspace.levers])
    for key, lever in zip(lever_keys, workspace.levers, strict=True):
        _check_lever(report, key, lever)
    policy_keys = _unique(report, "contact_policy", [entry.id for entry in workspace.contact_policy])
    for key, entry in zip(policy_keys, workspace.contact_policy, strict=True):
        _check_policy(report, key, entry)
    volume_keys = _unique(report, "volume", [limit.id for limit in workspace.volume])
    for key, limit in zip(volume_keys, workspace.volume, strict=True):
        check_volume(report, key, limit)
    check_holdout(report)
    experiment_keys = _unique(report, "experiment", [experiment.id for experiment in workspace.experiment])
    for key, experiment in zip(experiment_keys, workspace.experiment, strict=True):
        _unique(report, f"{key}.arms", [arm.id for arm in experiment.arms])
        check_experiment(report, key, experiment)
        for arm in experiment.arms:
            if arm.exploration is not None:
                check_exploration(report, f"{key}.arms.{arm.id}.exploration", arm.exploration)
    check_crossing(report, experiment_keys)
    for key, name in zip(
        _unique(report, "features", [feature.name for feature in workspace.features], "name"),
        (feature.name for feature in workspace.features),
        strict=True,
    ):
        if name == POSITION:
            report.add(f"{key}.name", "is the input that training adds by itself; choose another name")
    check_promotion(report)


def _unique(report: Report, section: str, names: Sequence[str], field: str = "id") -> list[str]:
    keys = entry_keys(section, names)
    for key, name in zip(keys, names, strict=True):
        if key.endswith("]") and name:
            report.add(f"{key}.{field}", f"{name!r} is taken by an earlier entry; give each its own")
        else:
            check_id(report, f"{key}.{field}", name)
    return keys


def _check_placement(
    report: Report, key: str, id: PlacementId, placement: Placement, offers: OfferTable | None
) -> None:
    check_id(report, key, id)
    if not report.is_broken("goals"):
        report.check_name(f"{key}.goal", placement.goal, report.workspace.goals, "a declared goal")
        for goal in placement.goals:
            report.check_name(f"{key}.goals.{goal}", goal, report.workspace.goals, "a declared goal")
    _check_weights(report, f"{key}.goals", placement)
    if placement.slots < 1:
        report.add(f"{key}.slots", f"must be at least 1, not {placement.slots}")
    check_exploration(report, f"{key}.exploration", placement.exploration)
    for name, most in placement.at_most.items():
        report.check_per(f"{key}.at_most.{name}", name)
        if most < 1:
            report.add(f"{key}.at_most.{name}", f"must be at least 1, not {most}; use exclude or candidates instead")
    for setting in ("fallback", "mandatory", "exclude"):
        listed: tuple[OfferId, ...] = getattr(placement, setting)
        place = f"{key}.{setting}"
        for offer, times in Tally(listed).items():
            if times > 1:
                report.add(place, f"names the offer {offer!r} {times} times; once is enough")
            if offers is not None and offer not in offers.ids:
                report.add(place, f"{offer!r} is not a published offer{suggest(offer, offers.ids)}")
            if setting != "exclude" and offer in placement.exclude:
                report.add(place, f"names {offer!r}, which exclude names too; drop it from one of the two")


MOST_OPTIMISM = 100.0
"""Beyond it what is known would not count any more, and scores might become infinite."""


def check_exploration(report: Report, key: str, exploration: Exploration) -> None:
    """Report settings of exploration that are out of their range."""
    if not 0 <= exploration.epsilon <= 1:
        report.add(f"{key}.epsilon", f"is a probability and must lie between 0 and 1, not {exploration.epsilon:g}")
    for name, meaning in (("temperature", "takes the best score"), ("optimism", "trusts what is predicted")):
        setting: float = getattr(exploration, name)
        if setting < 0:
            report.add(f"{key}.{name}", f"must not be below 0, not {setting:g}; 0 {meaning}")
    if exploration.optimism > MOST_OPTIMISM:
        report.add(
            f"{key}.optimism", f"must not be above {MOST_OPTIMISM:g}, not {exploration.optimism:g}; 1 is bold already"
        )


def _check_weights(report: Report, key: str, placement: Placement) -> None:
    for goal, weight in placement.goals.items():
        if goal == placement.goal:
            report.add(f"{key}.{goal}", "is the placement's own goal, whose weight is 1; drop it")
        elif not 0 < abs(weight) <= MOST_WEIGHT:
            message = f"must lie between -{MOST_WEIGHT:g} and {MOST_WEIGHT:g} and not be 0, not {weight:g}"
            report.add(f"{key}.{goal}", message)


def _check_policy(report: Report, key: str, entry: ContactPolicy) -> None:
    check_count(report, f"{key}.count", entry.count)
    report.check_duration(f"{key}.within", entry.within)
    report.check_per(f"{key}.per", entry.per)
    check_channels(report, f"{key}.channels", entry.channels)
    if entry.at_most < 1:
        report.add(f"{key}.at_most", f"must be at least 1, not {entry.at_most}; a rule keeps offers out altogether")
    if entry.at_most > MOST_COUNTED:
        report.add(f"{key}.at_most", f"is more than {MOST_COUNTED:,}, which is what a history keeps in any case")
    if entry.rest is not None:
        report.check_duration(f"{key}.rest", entry.rest)
    if entry.pending is not None:
        report.check_duration(f"{key}.pending", entry.pending)
        if entry.waits is None:
            report.add(
                f"{key}.pending", f"is about impressions, but the entry counts {entry.count!r}; drop the setting"
            )
    if not entry.together and len(entry.channels) == 1:
        report.add(f"{key}.together", "never matters: the entry is about one channel only; drop the setting", "warning")
    for kind, times in Tally(entry.unless).items():
        _check_response(report, f"{key}.unless", kind, entry)
        if times > 1:
            report.add(f"{key}.unless", f"names {kind!r} {times} times; once is enough")


def _check_response(report: Report, key: str, kind: str, entry: ContactPolicy) -> None:
    if not kind.strip():
        report.add(key, "has an empty name; write kinds of outcome")
    elif kind == entry.count:
        report.add(key, f"names {kind!r}, which the entry counts, so that nothing ever counts; drop it")
    elif kind == DECISION_KIND:
        report.add(key, f"names {kind!r}, which is no response of a customer; name kinds of outcome")
    else:
        known = event_kinds(report.workspace) | measured_kinds(report.workspace)
        meant = kind if kind in known else closest(kind, known)
        if meant not in (kind, None):
            report.add(
                key, f"names {kind!r}, which nothing else in the workspace names; did you mean {meant!r}?", "warning"
            )


def _check_placements(report: Report, key: str, placements: tuple[PlacementId, ...] | None) -> None:
    if placements is None or report.is_broken("placements"):
        return
    if not placements:
        report.add(key, "is empty; name a placement, or leave the setting out for all of them")
    for id in placements:
        report.check_name(key, id, report.workspace.placements, "a declared placement")


def _check_factor(report: Report, key: str, factor: float) -> None:
    if factor <= 0:
        report.add(key, f"must be above 0, not {factor:g}; a rule keeps offers out altogether")
    elif not 1 / MOST_FACTOR <= factor <= MOST_FACTOR:
        report.add(key, f"must lie between {1 / MOST_FACTOR:g} and {MOST_FACTOR:g}, not {factor:g}")


def _check_lever(report: Report, key: str, lever: Lever) -> None:
    _check_placements(report, f"{key}.placements", lever.placements)
    _check_factor(report, f"{key}.factor", lever.factor)
    dates = {"from": lever.starts, "until": lever.ends}
    moments: dict[str, Instant] = {}
    for name, text in dates.items():
        place = f"{key}.{name}"
        if report.is_broken(f"{key}.kind") or report.is_broken(place):
            continue
        if lever.kind == "permanent" and text is not None:
            report.add(place, "cannot stand on a permanent lever; drop the date or make the lever tactical")
        elif lever.kind == "tactical" and text is None:
            report.add(place, "is missing; a tactical lever needs from and until")
        elif text is not None:
            try:
                moments[name] = parse_instant(text)
            except ValueError as error:
                report.add(place, str(error))
    if len(moments) == 2 and moments["from"] >= moments["until"]:
        report.add(f"{key}.until", "is not after from, so the lever is never in force; swap or fix the dates")
    for name, values in lever.scope.items():
        place = f"{key}.scope.{name}"
        report.check_attribute(place, "offer", name, ("string", "list"))
        attribute = report.workspace.attributes.offer.get(name)
        if not values:
            report.add(place, "is empty, so the lever covers nothing; name the values or drop the attribute")
        if attribute is not None and attribute.values is not None:
            for value in values:
                report.check_name(place, value, attribute.values, f"a declared value of {name}")
