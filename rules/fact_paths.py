"""The paths of a workspace's facts, made once per catalogue."""

from collections.abc import Mapping

import msgspec

from rules.duration import parse_duration
from rules.ids import Duration
from rules.workspace import Attribute, AttributeType, Workspace

_STORED_AS: Mapping[AttributeType, tuple[type, ...]] = {
    "string": (str,),
    "int": (int,),
    "float": (float,),
    "bool": (bool,),
    "timestamp": (int,),
    "list": (list, tuple),
    "map": (dict,),
}


class AttributePath(msgspec.Struct, frozen=True):
    """An attribute's path, and the exact types its values are stored with."""

    path: str
    stored_as: tuple[type, ...]


class AffinityPath(msgspec.Struct, frozen=True):
    """An affinity's name, path and half-life."""

    name: str
    path: str
    half_life: Duration


class TraitPath(msgspec.Struct, frozen=True):
    """A trait's path, and those of what it is made of (empty where there is no such part)."""

    path: str
    affinity: str
    declared: str
    searching: str
    blend: float


class ActivityPath(msgspec.Struct, frozen=True):
    """An activity's name and the paths of its figures."""

    name: str
    frequency: str
    monetary: str
    recency: str


class FactPaths(msgspec.Struct, frozen=True):
    """Everything a workspace declares that makes facts; attributes by name."""

    customer: Mapping[str, AttributePath]
    context: Mapping[str, AttributePath]
    affinities: tuple[AffinityPath, ...]
    traits: tuple[TraitPath, ...]
    activities: tuple[ActivityPath, ...]

    @classmethod
    def of(cls, workspace: Workspace) -> "FactPaths":
        """The paths of a workspace that `check` accepts."""
        return cls(
            _attributes("customer", workspace.attributes.customer),
            _attributes("context", workspace.attributes.context),
            tuple(
                AffinityPath(name, f"affinity.{name}", parse_duration(affinity.half_life))
                for name, affinity in workspace.affinities.items()
            ),
            tuple(
                TraitPath(
                    f"trait.{name}",
                    f"affinity.{trait.affinity}",
                    f"customer.{trait.declared}" if trait.declared else "",
                    f"context.{trait.searching}" if trait.searching else "",
                    trait.blend,
                )
                for name, trait in workspace.traits.items()
            ),
            tuple(
                ActivityPath(name, *(f"activity.{name}.{figure}" for figure in ("frequency", "monetary", "recency")))
                for name in workspace.activities
            ),
        )


def _attributes(kind: str, attributes: Mapping[str, Attribute]) -> dict[str, AttributePath]:
    return {name: AttributePath(f"{kind}.{name}", _STORED_AS[attribute.type]) for name, attribute in attributes.items()}
