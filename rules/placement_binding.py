"""From a placement's declaration to its bound form: candidates, rules, levers, policy and weights over one table."""

from collections.abc import Mapping, Sequence
from itertools import islice

import msgspec
import numpy as np
from numpy.typing import NDArray

from rules.bound_placement import BoundPlacement
from rules.compiled_workspace import CompiledWorkspace
from rules.contact_counter import ContactCounters
from rules.contact_policy import PolicyBook
from rules.contact_tally import ContactTally
from rules.division import CHAMPION
from rules.eligibility import RuleBook
from rules.experiment import NO_CHANGES, Arm
from rules.expression import Expression
from rules.first_reason import Objections
from rules.ids import PlacementId
from rules.lever import LeverBook, in_scope
from rules.offer import Column, OfferTable
from rules.period import Periods
from rules.reason import Reason
from rules.selection import select
from rules.volume import VolumeBook
from rules.weight import WeightBook, value_of
from rules.workspace import Placement, Workspace


class Selections(msgspec.Struct, frozen=True, eq=False):
    """What every selector of a workspace takes from the whole catalogue, each kind in the workspace's order.

    A lever's scope is part of what it takes.
    """

    candidates: Mapping[PlacementId, NDArray[np.bool_]]
    rules: tuple[NDArray[np.bool_], ...]
    levers: tuple[NDArray[np.bool_], ...]
    volumes: tuple[NDArray[np.bool_], ...]
    arms: Mapping[str, NDArray[np.bool_]]

    @classmethod
    def of(cls, workspace: Workspace, compiled: CompiledWorkspace, offers: OfferTable) -> "Selections":
        """The selections of a workspace whose every expression compiled."""
        rules = [rule.offers for rule in compiled.rules if rule is not None]
        levers = [lever for lever in compiled.levers if lever is not None]
        volumes = [volume for volume in compiled.volumes if volume is not None]
        selectors = [*compiled.candidates.values(), *rules, *levers, *volumes, *compiled.arms.values()]
        taken = iter([each.taken for each in select(selectors, offers)])
        return cls(
            dict(zip(compiled.candidates, islice(taken, len(compiled.candidates)), strict=True)),
            tuple(islice(taken, len(rules))),
            tuple(
                covered & in_scope(lever, offers)
                for lever, covered in zip(workspace.levers, islice(taken, len(levers)), strict=True)
            ),
            tuple(islice(taken, len(volumes))),
            dict(zip(compiled.arms, taken, strict=True)),
        )


def bind_placement(
    id: PlacementId,
    workspace: Workspace,
    compiled: CompiledWorkspace,
    selections: Selections,
    offers: OfferTable,
    volumes: VolumeBook,
    moments: frozenset[str],
    arm: tuple[str, Arm] | None = None,
) -> BoundPlacement:
    """One placement over the offers of a catalogue; the workspace has passed its checks.

    With the name of a group and its `arm`, as that group has it.
    """
    group, changes = arm or (CHAMPION, NO_CHANGES)
    spec = _spec(workspace.placements[id], changes)
    taken = selections.candidates[id]
    listed = np.array([offer in spec.exclude for offer in offers.ids], np.bool_)
    rows = np.flatnonzero(taken & ~listed)
    candidates = offers.take(rows)
    position = {offer: place for place, offer in enumerate(candidates.ids)}
    weights: dict[str, Expression] = {}
    if id in compiled.context_weights:
        weights["context_weight"] = compiled.context_weights[id]
    if spec.goal in compiled.values:
        weights["value"] = compiled.values[spec.goal]
    weights |= {value_of(goal): compiled.values[goal] for goal in spec.goals if goal in compiled.values}
    entries = [
        entry.on(spec.channel)
        for entry in workspace.contact_policy
        if spec.channel in entry.channels and entry.id not in changes.without_policies
    ]
    tally = ContactTally.of([*entries, *workspace.counters.values()], offers)
    rules = RuleBook.of(
        [
            (rule, expressions.holds, covered[rows])
            for rule, expressions, covered in zip(workspace.rules, compiled.rules, selections.rules, strict=True)
            if expressions is not None and concerns(id, rule.placements) and rule.id not in changes.without_rules
        ],
        candidates,
    )
    periods = Periods.of(candidates)
    policies = PolicyBook.of(entries, tally.stretches[: len(entries)], candidates)
    return BoundPlacement(
        id=id,
        spec=spec,
        goal=workspace.goals[spec.goal],
        rows=rows,
        offers=candidates,
        position=position,
        tally=tally,
        counters=ContactCounters.of(workspace.counters, tally.stretches[len(entries) :], offers),
        rules=rules,
        policies=policies,
        objections=Objections.of(periods, [rule.reason for rule in rules.rules], rules.covered, policies),
        levers=LeverBook.of(
            [
                (lever, covered[rows])
                for lever, covered in zip(workspace.levers, selections.levers, strict=True)
                if concerns(id, lever.placements) and lever.id not in changes.without_levers
            ],
            len(rows),
        ),
        weights=WeightBook.of(weights, candidates, tuple(spec.goals)),
        volumes=volumes.on(spec.channel, rows),
        limits={name: _codes(candidates.columns[name]) for name in spec.at_most},
        mandatory=tuple(position[offer] for offer in spec.mandatory if offer in position),
        left_out={
            int(row): Reason.EXCLUDED_BY_PLACEMENT if taken[row] else Reason.NOT_A_CANDIDATE
            for row in np.flatnonzero(~taken | listed)
        },
        moments=moments,
        outside=~selections.arms[group][rows] if group in selections.arms else None,
    )


def _spec(placement: Placement, arm: Arm) -> Placement:
    return msgspec.structs.replace(
        placement,
        arbitration=placement.arbitration if arm.arbitration is None else arm.arbitration,
        exploration=placement.exploration if arm.exploration is None else arm.exploration,
    )


def concerns(id: PlacementId, placements: Sequence[PlacementId] | None) -> bool:
    """Whether a rule or lever with this list of placements (None for all) applies to a placement."""
    return placements is None or id in placements


def _codes(column: Column) -> NDArray[np.int32]:
    return np.where(column.present, column.data, -1).astype(np.int32)
