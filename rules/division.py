"""The division of persons into groups: who is held out, and who is in which arm of an experiment."""

from collections.abc import Mapping, Sequence
from hashlib import blake2b

import msgspec

from rules.experiment import Experiment, Holdout
from rules.ids import PlacementId

CHAMPION = "champion"
"""The group of whoever is in no other: decisions are made as the workspace says."""

HOLDOUT = "holdout"
"""The group to whom nothing is shown."""

_BITS = 53


class Layer(msgspec.Struct, frozen=True):
    """One split of all persons; `edges` has each group with the point below which it ends, ascending."""

    salt: str
    edges: tuple[tuple[str, float], ...]

    @classmethod
    def of(cls, salt: str, shares: Sequence[tuple[str, float]]) -> "Layer":
        """From the share of each group; what is left of one is nobody's."""
        edges, end = [], 0.0
        for group, share in shares:
            end += share
            edges.append((group, end))
        return cls(salt, tuple(edges))

    def group(self, person: str) -> str | None:
        """The group a person falls to, if any."""
        point = point_of(self.salt, person)
        for group, end in self.edges:
            if point < end:
                return group
        return None


class Division(msgspec.Struct, frozen=True):
    """For each placement its layers, which are asked in order: the holdout, then an experiment.

    Layers have salts of their own, so they divide independently of each other.
    """

    layers: Mapping[PlacementId, tuple[Layer, ...]]

    @classmethod
    def of(
        cls, placements: Sequence[PlacementId], holdout: Holdout | None, experiments: Sequence[Experiment]
    ) -> "Division":
        """The division at these placements; each of them is in one experiment at most."""
        layers: dict[PlacementId, tuple[Layer, ...]] = {}
        for placement in placements:
            own: list[Layer] = []
            if holdout is not None and holdout.covers(placement):
                own.append(Layer.of(holdout.salt, [(HOLDOUT, holdout.share)]))
            for experiment in experiments:
                if placement in experiment.placements:
                    shares = [(experiment.group_of(arm), arm.share) for arm in experiment.arms]
                    own.append(Layer.of(experiment.salt or experiment.id, shares))
            layers[placement] = tuple(own)
        return cls(layers)

    def group(self, placement: PlacementId, person: str | None) -> str:
        """The group of a person, `c:` and a customer's id or `v:` and a visitor's; who is nobody is in no other."""
        if person is None:
            return CHAMPION
        for layer in self.layers.get(placement, ()):
            group = layer.group(person)
            if group is not None:
                return group
        return CHAMPION

    def shares(self, placement: PlacementId) -> dict[str, float]:
        """The chance of each group that somebody falls to it, in the layers' order; they sum to one."""
        shares: dict[str, float] = {}
        left = 1.0
        for layer in self.layers.get(placement, ()):
            begin = 0.0
            for group, end in layer.edges:
                shares[group] = left * (end - begin)
                begin = end
            left *= 1.0 - begin
        return {**shares, CHAMPION: left}


def point_of(salt: str, person: str) -> float:
    """Where a person falls between 0 and 1: the first 53 bits of the BLAKE2b hash of the salt, a NUL and the person."""
    digest = blake2b(f"{salt}\0{person}".encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> (64 - _BITS)) / (1 << _BITS)
