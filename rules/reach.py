"""What can never happen with the published offers: selectors that take none, rules that never hold or never matter."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rules.compiled_workspace import CompiledRule, CompiledWorkspace
from rules.experiment_check import arm_keys
from rules.expression import Expression, Program
from rules.ids import GoalId, OfferId, PlacementId
from rules.lever import in_scope
from rules.offer import OfferTable
from rules.placement_binding import concerns
from rules.report import Report
from rules.selection import select
from rules.shape import entry_keys
from rules.volume_check import check_volume_reach
from rules.workspace import Lever, Placement, Rule, Workspace

Flags = NDArray[np.bool_]


def check_reach(
    report: Report, compiled: CompiledWorkspace, offers: OfferTable, faulty: frozenset[OfferId] = frozenset()
) -> None:
    """Warn of everything that has no effect; what is wrong for another reason is left to the other checks.

    That a selector cannot be told for a `faulty` offer, whose cell is wrong, is such a reason.
    """
    workspace = report.workspace
    if len(offers):
        reach = _Reach(report, offers, faulty)
        for id, placement in workspace.placements.items():
            if id in compiled.candidates:
                reach.check_placement(id, placement, compiled.candidates[id])
        rule_keys = entry_keys("rules", [rule.id for rule in workspace.rules])
        for key, rule, expressions in zip(rule_keys, workspace.rules, compiled.rules, strict=True):
            if expressions is not None:
                reach.check_rule(key, rule, expressions)
        lever_keys = entry_keys("levers", [lever.id for lever in workspace.levers])
        for key, lever, selector in zip(lever_keys, workspace.levers, compiled.levers, strict=True):
            if selector is not None:
                reach.check_lever(key, lever, selector)
        volume_keys = entry_keys("volume", [limit.id for limit in workspace.volume])
        for key, limit, selector in zip(volume_keys, workspace.volume, compiled.volumes, strict=True):
            if selector is not None:
                check_volume_reach(report, key, limit, reach.take(f"{key}.offers", selector), offers)
        for key, experiment, arm in arm_keys(workspace.experiment):
            selector = compiled.arms.get(experiment.group_of(arm))
            if selector is not None:
                reach.check_arm(f"{key}.candidates", experiment.placements, selector)
    if not any(key.startswith("placements") for key in report.broken):
        _check_use(report)


def _check_use(report: Report) -> None:
    placements = report.workspace.placements.values()
    channels = {placement.channel for placement in placements}
    entries = report.workspace.contact_policy
    for key, entry in zip(entry_keys("contact_policy", [entry.id for entry in entries]), entries, strict=True):
        if entry.channels and not channels.intersection(entry.channels):
            report.add(f"{key}.channels", "never matters: no placement is on one of these channels", "warning")
    limits = report.workspace.volume
    for key, limit in zip(entry_keys("volume", [limit.id for limit in limits]), limits, strict=True):
        if limit.channels and not channels.intersection(limit.channels):
            report.add(f"{key}.channels", "never matters: no placement is on one of these channels", "warning")
    goals = {goal for placement in placements for goal in placement.aims}
    for goal in report.workspace.goals:
        if goal not in goals:
            report.add(f"goals.{goal}", "never matters: no placement works towards it", "warning")
        elif report.workspace.goals[goal].objective == "increment" and not _shows_none(report.workspace, goal):
            message = "cannot be learned: nobody is shown nothing by chance; give an epsilon, or a holdout"
            report.add(f"goals.{goal}.objective", message, "warning")


def _shows_none(workspace: Workspace, goal: GoalId) -> bool:
    """Whether some placement of the goal ever shows nothing by chance."""
    holdout = workspace.holdout
    return any(
        (placement.goal == goal and placement.exploration.epsilon > 0.0)
        or (holdout is not None and holdout.share > 0.0 and holdout.covers(id))
        for id, placement in workspace.placements.items()
        if goal in placement.aims
    )


class _Reach:
    def __init__(self, report: Report, offers: OfferTable, faulty: frozenset[OfferId]) -> None:
        self.report = report
        self.offers = offers
        self.faulty = faulty
        self.candidates: dict[PlacementId, Flags] = {}

    def check_placement(self, id: PlacementId, placement: Placement, selector: Expression) -> None:
        key = f"placements.{id}"
        taken = self.take(f"{key}.candidates", selector)
        if not taken.any():
            self._warn(f"{key}.candidates", "takes none of the published offers, so nothing is ever shown here")
        if len(placement.mandatory) > placement.slots > 0:
            number = len(placement.mandatory)
            message = f"names {number} offers for {placement.slots} slots, so the last ones are never shown"
            self._warn(f"{key}.mandatory", message)
        for offer in placement.mandatory:
            if taken.any() and offer in self.offers.ids and not taken[self.offers.ids.index(offer)]:
                self._warn(
                    f"{key}.mandatory", f"names {offer!r}, which candidates leaves out, so it is never shown here"
                )
        formats = {format for creative in self.offers.creatives for format in creative}
        if formats and not formats & {"", placement.format}:
            message = f"{placement.format!r} has no creative among the offers; there are {', '.join(sorted(formats))}"
            self._warn(f"{key}.format", message)
        listed = np.array([offer in placement.exclude for offer in self.offers.ids], np.bool_)
        self.candidates[id] = taken & ~listed

    def check_rule(self, key: str, rule: Rule, expressions: CompiledRule) -> None:
        taken = self.take(f"{key}.offers", expressions.offers)
        candidates = self._candidates(rule.placements)
        if not taken.any():
            self._warn(f"{key}.offers", "takes none of the published offers, so the rule never matters")
        elif candidates is not None:
            always = Program([expressions.holds]).bind(self.offers).always(0)[taken & candidates]
            number = "the one offer it covers" if len(always) == 1 else f"all {len(always)} offers it covers"
            if not len(always):
                self._warn(f"{key}.offers", "takes no candidate of the rule's placements, so the rule never matters")
            elif (always == 1).all():
                self._warn(f"{key}.holds", f"is always true for {number}, so the rule never matters")
            elif (always == 0).all():
                self._warn(f"{key}.holds", f"can never be true for {number}, so none of them is ever shown")

    def check_lever(self, key: str, lever: Lever, selector: Expression) -> None:
        taken = self.take(f"{key}.offers", selector)
        candidates = self._candidates(lever.placements)
        if not taken.any():
            self._warn(f"{key}.offers", "takes none of the published offers, so the lever never matters")
        elif (
            self._finds_scope(key, lever)
            and candidates is not None
            and not (taken & in_scope(lever, self.offers) & candidates).any()
        ):
            self._warn(key, "covers no candidate of its placements, so the lever never matters")
        if lever.factor == 1:
            self._warn(f"{key}.factor", "is 1, so the lever never matters")

    def check_arm(self, key: str, placements: Sequence[PlacementId], selector: Expression) -> None:
        taken = self.take(key, selector)
        candidates = self._candidates(placements)
        if candidates is not None and not (taken & candidates).any():
            self._warn(key, "takes no candidate of the experiment's placements, so this arm never shows anything")
        elif candidates is not None and taken[candidates].all():
            self._warn(key, "takes all candidates of the experiment's placements, so it never matters")

    def _finds_scope(self, key: str, lever: Lever) -> bool:
        declared = self.report.workspace.attributes.offer
        found = True
        for name, values in lever.scope.items():
            place = f"{key}.scope.{name}"
            if name not in declared or declared[name].type not in ("string", "list") or not values:
                found = False
                continue
            closed = declared[name].values
            for value in sorted(set(values) - set(self.offers.columns[name].words)):
                found = False
                if closed is None or value in closed:
                    self._warn(place, f"no published offer has the value {value!r}")
        return found

    def take(self, key: str, selector: Expression) -> Flags:
        """What a selector takes; warns of offers that it cannot tell about."""
        selection = select([selector], self.offers)[0]
        unsure = [self.offers.ids[row] for row in np.flatnonzero(selection.unsure)]
        lacking = [offer for offer in unsure if offer not in self.faulty]
        if lacking:
            shown = ", ".join(lacking[:3]) + (f" and {len(lacking) - 3} more" if len(lacking) > 3 else "")
            message = f"cannot be told for {shown}, and leaves them out; fill the cells that it reads, or use has()"
            self._warn(key, message)
        return selection.taken

    def _candidates(self, placements: Sequence[PlacementId] | None) -> Flags | None:
        """The candidates of the placements together; None while those of one of them are not known."""
        ids = [id for id in self.report.workspace.placements if concerns(id, placements)]
        known = [self.candidates[id] for id in ids if id in self.candidates]
        if not known or len(known) < len(ids if placements is None else placements):
            return None
        together: Flags = np.any(known, axis=0)
        return together

    def _warn(self, key: str, message: str) -> None:
        self.report.add(key, message, "warning")
