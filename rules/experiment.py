"""What divides persons into groups: a holdout who are shown nothing, and experiments between configurations."""

from typing import Literal

import msgspec

from rules.choice import ArbitrationPart, Exploration
from rules.ids import ArmId, ExperimentId, LeverId, PlacementId, PolicyId, RuleId


class Holdout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A share of all persons who are shown nothing at `placements` (all of them without it).

    Who they are follows from `salt` and the person's id alone; a larger share keeps those who were in before.
    """

    share: float
    salt: str = "holdout"
    placements: tuple[PlacementId, ...] | None = None

    def covers(self, placement: PlacementId) -> bool:
        """Whether a placement holds out."""
        return self.placements is None or placement in self.placements


class Arm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is done otherwise for a share of an experiment's persons; what is not named stays as it is.

    `arbitration` and `exploration` stand in the place of the placement's own; the rules, levers and entries of the
    contact policy that are named in `without_…` do not hold; `candidates` (CEL over the offer alone) narrows the
    placement's; `model` says whose predictions are used, the champion's where there is no challenger.
    """

    id: ArmId
    share: float
    arbitration: tuple[ArbitrationPart, ...] | None = None
    exploration: Exploration | None = None
    candidates: str | None = None
    without_rules: tuple[RuleId, ...] = ()
    without_levers: tuple[LeverId, ...] = ()
    without_policies: tuple[PolicyId, ...] = ()
    model: Literal["champion", "challenger"] = "champion"


NO_CHANGES = Arm(ArmId("champion"), 0.0)
"""What is done for everybody else."""


class Experiment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Arms beside each other at some placements; whom no arm takes is in the group `champion`.

    Who is in which follows from `salt` (without it, the experiment's id) and the person's id alone, and is the same at
    all its placements.
    """

    id: ExperimentId
    placements: tuple[PlacementId, ...]
    arms: tuple[Arm, ...]
    salt: str | None = None

    def group_of(self, arm: Arm) -> str:
        """What the group of an arm is called."""
        return f"{self.id}/{arm.id}"
