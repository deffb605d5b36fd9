"""What is compared: an experiment as a catalogue declares it, or the holdout beside everybody else."""

from collections.abc import Mapping

import msgspec

from rules.attribute import suggest
from rules.catalogue import Catalogue
from rules.division import CHAMPION, HOLDOUT
from rules.errors import NotFound
from rules.experiment import Experiment, Holdout
from rules.ids import PlacementId
from rules.workspace import Workspace
from training.experiment.persons import Groups

SHOWN = "shown"
"""Everybody who is not held out, where the holdout is what is looked at."""

TOO_SMALL = 1e-9


class Split(msgspec.Struct, frozen=True):
    """A division of persons into groups at some placements, with the share that each group should have.

    `beside` is the group that others are compared with. `experiment` and `holdout` are what was declared: where
    anything of them differs, it is another split.
    """

    id: str
    placements: tuple[PlacementId, ...]
    shares: dict[str, float]
    beside: str
    experiment: Experiment | None
    holdout: Holdout | None

    @property
    def groups(self) -> Groups:
        """What decisions' groups are here."""
        return Groups((HOLDOUT,), SHOWN) if self.experiment is None else Groups(tuple(self.shares), None)


def split_of(catalogue: Catalogue, id: str) -> Split | None:
    """The split of that name, `holdout` or an experiment's id, as a catalogue has it; None where it has none.

    The holdout is one more group of an experiment if it covers all its placements, else it is left out of it.
    """
    workspace = catalogue.workspace
    holdout = workspace.holdout
    if id == HOLDOUT:
        if holdout is None:
            return None
        placements = tuple(placement for placement in workspace.placements if holdout.covers(placement))
        return Split(id, placements, {HOLDOUT: holdout.share, SHOWN: 1.0 - holdout.share}, HOLDOUT, None, holdout)
    experiment = next((one for one in workspace.experiment if one.id == id), None)
    if experiment is None:
        return None
    shares = catalogue.division.shares(experiment.placements[0])
    held = shares.pop(HOLDOUT, 0.0)
    covered = holdout is not None and all(holdout.covers(placement) for placement in experiment.placements)
    # Arms that take all leave a champion of nearly nothing.
    own = {group: share / (1.0 - held) for group, share in shares.items() if group != CHAMPION or share > TOO_SMALL}
    shares = {HOLDOUT: held, **{group: share * (1.0 - held) for group, share in own.items()}} if covered else own
    beside = CHAMPION if CHAMPION in own else next(iter(own))
    return Split(id, experiment.placements, shares, beside, experiment, holdout if covered else None)


def names_of(workspace: Workspace) -> tuple[str, ...]:
    """What can be looked at in a workspace."""
    return (*(experiment.id for experiment in workspace.experiment), *((HOLDOUT,) if workspace.holdout else ()))


def find_split(catalogues: Mapping[str, Catalogue], latest: list[str], id: str) -> tuple[Split, tuple[str, ...]]:
    """The split of that name in the first of the `latest` versions that has one, and all of these that have the same.

    Raises `NotFound` where none has it.
    """
    splits = {version: split_of(catalogue, id) for version, catalogue in catalogues.items()}
    found = next((split for version in latest if (split := splits.get(version)) is not None), None)
    if found is None:
        known = sorted({name for catalogue in catalogues.values() for name in names_of(catalogue.workspace)})
        said = suggest(id, known) if known else "; no catalogue of the journal has any"
        raise NotFound(f"There is no experiment {id!r}{said}")
    return found, tuple(version for version in latest if splits.get(version) == found)
