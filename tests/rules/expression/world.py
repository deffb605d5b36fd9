"""A small world for tests of expressions: a workspace, offers as plain rows, and the table made from them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rules.expression import Schema
from rules.facts import Facts
from rules.ids import GoalId, OfferId, PlacementId
from rules.offer import Column, OfferTable
from rules.workspace import (
    Activity,
    Affinity,
    Attribute,
    Attributes,
    Counter,
    Goal,
    Placement,
    Trait,
    Workspace,
)

Row = Mapping[str, Any]

BRANDS = ("Alba", "Brisa", "Corte")

_ATTRIBUTES: dict[str, Attribute] = {
    "flag": Attribute("bool"),
    "count": Attribute("int"),
    "amount": Attribute("float"),
    "word": Attribute("string"),
    "brand": Attribute("string", BRANDS),
    "moment": Attribute("timestamp"),
    "tags": Attribute("list"),
    "points": Attribute("map"),
}

WORKSPACE = Workspace(
    "world",
    Attributes(
        customer=_ATTRIBUTES,
        offer=_ATTRIBUTES,
        context={"word": Attribute("string"), "party": Attribute("int"), "late-check": Attribute("bool")},
        event={"brand": Attribute("string")},
    ),
    {PlacementId("home"): Placement("web", 3, "banner", GoalId("accept"))},
    {GoalId("accept"): Goal("accept", "7d")},
    affinities={"brand": Affinity("brand", "brand", "30d", {"view": 1.0})},
    traits={"preferred": Trait("brand")},
    activities={"stays": Activity(("booking",))},
    counters={"shown": Counter("decision", "7d"), "brand_shown": Counter("decision", "7d", "brand")},
)
SCHEMA = Schema.of(WORKSPACE)


def table(rows: Sequence[Row]) -> OfferTable:
    """The offer table of plain rows; an attribute that a row leaves out is absent."""
    ids = [f"offer-{number}" for number in range(len(rows))]
    columns = {name: _column(attribute, [row.get(name) for row in rows]) for name, attribute in _ATTRIBUTES.items()}
    columns["id"] = _column(Attribute("string"), ids)
    return OfferTable(tuple(OfferId(id) for id in ids), columns, tuple({} for _ in rows))


def _column(attribute: Attribute, cells: Sequence[Any]) -> Column:
    present = np.array([cell is not None for cell in cells], np.bool_)
    match attribute.type:
        case "string":
            words = tuple(sorted({cell for cell in cells if cell is not None}))
            codes = np.array([words.index(cell) if cell is not None else 0 for cell in cells], np.int32)
            return Column("string", codes, present, words)
        case "list":
            words = tuple(sorted({word for cell in cells for word in cell or ()}))
            held = np.array([[word in (cell or ()) for word in words] for cell in cells], np.bool_)
            return Column("list", held.reshape(len(cells), len(words)), present, words)
        case "map":
            words = tuple(sorted({word for cell in cells for word in cell or {}}))
            grid = np.array([[(cell or {}).get(word, np.nan) for word in words] for cell in cells], np.float64)
            return Column("map", grid.reshape(len(cells), len(words)), present, words)
        case type:
            dtype = {"bool": np.bool_, "float": np.float64}.get(type, np.int64)
            return Column(type, np.array([0 if cell is None else cell for cell in cells], dtype), present)


ALWAYS_THERE: Facts = {
    "affinity.brand": {},
    "activity.stays.frequency": 0,
    "activity.stays.monetary": 0.0,
    "contacts.shown": 0,
    "contacts.brand_shown": {},
    "now": 1_700_000_000_000,
    "channel": "web",
    "placement": "home",
}
"""The facts of a customer about whom nothing is known."""
