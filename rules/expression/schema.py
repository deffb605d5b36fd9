"""What an expression may read: every path of the facts and every offer column, with type and binding."""

from collections.abc import Mapping

import msgspec

from rules.expression.binding import Binding
from rules.expression.type import (
    BY_ATTRIBUTE_TYPE,
    FLOAT,
    FLOATS_BY_NAME,
    INT,
    INTS_BY_NAME,
    STRING,
    TIMESTAMP,
    Type,
)
from rules.workspace import CHANNELS, Attribute, Workspace

ROOTS = ("customer", "context", "offer", "affinity", "trait", "activity", "contacts")
"""Names that are followed by the name of an attribute."""


class Readable(msgspec.Struct, frozen=True):
    """One path: its type, its binding, the closed set of its strings if it has one, and whether it can be absent."""

    type: Type
    binding: Binding
    values: tuple[str, ...] | None = None
    optional: bool = True


class Schema(msgspec.Struct, frozen=True):
    """Every path that an expression over one workspace may read."""

    paths: Mapping[str, Readable]

    @classmethod
    def of(cls, workspace: Workspace) -> "Schema":
        """The schema of a workspace: `rules.facts` and the offers' columns."""
        request = Binding.REQUEST
        paths: dict[str, Readable] = {
            "now": Readable(TIMESTAMP, request, optional=False),
            "channel": Readable(STRING, request, CHANNELS, optional=False),
            "placement": Readable(STRING, request, tuple(workspace.placements), optional=False),
            "offer.id": Readable(STRING, Binding.OFFER, optional=False),
            "offer.starts": Readable(TIMESTAMP, Binding.OFFER),
            "offer.ends": Readable(TIMESTAMP, Binding.OFFER),
        }
        _declare(paths, "customer", workspace.attributes.customer, request)
        _declare(paths, "context", workspace.attributes.context, request)
        _declare(paths, "offer", workspace.attributes.offer, Binding.OFFER)
        for name in workspace.affinities:
            paths[f"affinity.{name}"] = Readable(FLOATS_BY_NAME, request, optional=False)
        for name in workspace.traits:
            paths[f"trait.{name}"] = Readable(STRING, request)
        for name in workspace.activities:
            paths[f"activity.{name}.frequency"] = Readable(INT, request, optional=False)
            paths[f"activity.{name}.monetary"] = Readable(FLOAT, request, optional=False)
            paths[f"activity.{name}.recency"] = Readable(FLOAT, request)
        for name, counter in workspace.counters.items():
            type = INT if counter.per is None else INTS_BY_NAME
            paths[f"contacts.{name}"] = Readable(type, request, optional=False)
        return cls(paths)

    def names_under(self, prefix: str) -> list[str]:
        """What may follow a prefix such as `customer` or `activity.stays`, sorted."""
        start = prefix + "."
        return sorted({path[len(start) :].split(".")[0] for path in self.paths if path.startswith(start)})


def _declare(paths: dict[str, Readable], root: str, attributes: Mapping[str, Attribute], binding: Binding) -> None:
    for name, attribute in attributes.items():
        paths[f"{root}.{name}"] = Readable(BY_ATTRIBUTE_TYPE[attribute.type], binding, attribute.values)
