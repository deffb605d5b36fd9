"""What the journal says of a challenger: how often it liked what the model in use does, and how its figures held."""

from collections.abc import Iterator, Sequence

import duckdb
import msgspec
import pyarrow as pa

from decision.care.ledger import EARNED
from decision.journal.record import DecisionRecord, decode_record
from rules.ids import Duration, Instant, ModelVersion, PlacementId
from rules.workspace import Goal

MOST = 20_000
"""Decisions that are looked at, at most: more would tell no more."""

_ENTRIES = """
SELECT entry
FROM journal
WHERE record = 'decision' AND id IN (
    SELECT id
    FROM journal
    WHERE record = 'decision' AND decision.source = 'live' AND "at" > $since
      AND list_contains($placements, decision.placement)
    ORDER BY hash(id) LIMIT $most
)
"""

_COMPARED = f"""
WITH first AS (
    SELECT * FROM shadowed WHERE moment + $window <= $present
), {EARNED}, told AS (
    SELECT predicted, served,
           CASE WHEN earned.id IS NULL THEN 0.0 WHEN $response THEN 1.0 ELSE earned.value END AS observed
    FROM first LEFT JOIN earned USING (id)
)
SELECT count(*), avg(observed), avg(predicted), avg(served), avg((observed - predicted) ** 2),
       avg((observed - served) ** 2)
FROM told
"""

_COLUMNS: list[tuple[str, pa.DataType]] = [
    ("id", pa.string()),
    ("moment", pa.int64()),
    ("offer", pa.string()),
    ("offers", pa.int64()),
    ("predicted", pa.float64()),
    ("served", pa.float64()),
]


class Held(msgspec.Struct, frozen=True):
    """What came of first offers whose window has passed, beside what was predicted of them; all are means.

    `predicted` is the challenger's figure and `served` that of the model in use; errors are squared.
    """

    offers: int
    observed: float
    predicted: float
    served: float
    error: float
    served_error: float


class Shadows(msgspec.Struct, frozen=True):
    """In how many of the `decisions` it was asked about a challenger liked the same best; `held` is None for none."""

    decisions: int
    agreeing: int
    held: Held | None


def shadows_of(
    connection: duckdb.DuckDBPyConnection,
    version: ModelVersion,
    placements: Sequence[PlacementId],
    goal: Goal,
    present: Instant,
    window: Duration,
    back: Duration,
) -> Shadows:
    """What a challenger would have done with live decisions of a time `back`, and with those its `window` before.

    What somebody did for an increment is never seen of a single decision, so that nothing is held against it.
    """
    response = goal.objective == "response"
    since = {"placements": list(placements), "since": present - window - back, "most": MOST}
    records = [record for record in _records(connection, since) if record.shadow and record.shadow.model == version]
    agreeing = sum(record.shadow is not None and record.shadow.agrees for record in records)
    if goal.objective == "increment":
        return Shadows(len(records), agreeing, None)
    connection.register("shadowed", pa.Table.from_pylist([*_firsts(records, response)], pa.schema(_COLUMNS)))
    parameters = {"window": window, "present": present, "outcome": goal.outcome, "response": response}
    number, *means = connection.execute(_COMPARED, parameters).fetchone() or (0,)
    return Shadows(len(records), agreeing, Held(number, *means) if number else None)


def _records(connection: duckdb.DuckDBPyConnection, since: dict[str, object]) -> Iterator[DecisionRecord]:
    found = connection.execute(_ENTRIES, since)
    while batch := found.fetchmany(1_000):
        for (entry,) in batch:
            record = decode_record(entry)
            if isinstance(record, DecisionRecord):
                yield record


def _firsts(records: Sequence[DecisionRecord], response: bool) -> Iterator[dict[str, str | int | float]]:
    """The first offers of which both models said something."""
    for record in records:
        for shown in record.decision.offers[:1]:
            served = shown.propensity if response else shown.value
            if record.shadow is not None and served is not None:
                yield {
                    "id": record.id,
                    "moment": record.now,
                    "offer": shown.offer,
                    "offers": len(record.decision.offers),
                    "predicted": record.shadow.predictions[0],
                    "served": served,
                }
