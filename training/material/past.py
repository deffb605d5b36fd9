"""What logged decisions were made with and is in use no more: models and the prices of campaigns."""

from collections.abc import Mapping
from contextlib import suppress

import duckdb
import msgspec

from decision.engine.terms import Prices
from decision.version.prices import decode_prices
from decision.version.registry import Registry
from models.model import Model, load_model
from rules.catalogue import Catalogue
from rules.errors import ConciergeError
from rules.ids import PlacementId
from training.material.question import Question

MOST_MODELS = 50
"""Models that are loaded to tell what they would have done; the latest ones."""

_MODELS = """
SELECT decision.model FROM journal
WHERE record = 'decision' AND decision.source = 'live' AND decision.model IS NOT NULL
  AND ($since IS NULL OR "at" >= $since) AND ($until IS NULL OR "at" < $until)
  AND list_contains($placements, decision.catalogue || ' ' || decision.placement)
GROUP BY 1 ORDER BY max("at") DESC, 1 LIMIT $most
"""


class Past(msgspec.Struct, frozen=True, eq=False):
    """Models and prices by version, as far as they are stored."""

    models: Mapping[str, Model]
    prices: Mapping[str, Prices]


NOTHING_PAST = Past({}, {})


async def past_of(
    registry: Registry,
    connection: duckdb.DuckDBPyConnection,
    question: Question,
    catalogues: Mapping[str, Catalogue],
    places: Mapping[str, frozenset[PlacementId]],
) -> Past:
    """What is needed to tell how likely the decisions asked for did what they did.

    Models are only where showing nothing is a choice, or prices close what a model finds too dear: elsewhere an
    exploring placement may show all that is open, whatever its model says.
    """
    priced = any(catalogues[version].workspace.volume for version, meant in places.items() if meant)
    prices = {}
    for info in await registry.versions("prices") if priced else ():
        prices[info.version] = decode_prices(await registry.get("prices", info.version))
    models: dict[str, Model] = {}
    if prices or question.objective == "increment":
        asked = {
            "since": question.since,
            "until": question.until,
            "placements": [f"{version} {id}" for version, meant in sorted(places.items()) for id in sorted(meant)],
            "most": MOST_MODELS,
        }
        for (version,) in connection.execute(_MODELS, asked).fetchall():
            with suppress(ConciergeError):
                models[version] = load_model(await registry.get("model", version))
    return Past(models, prices)
