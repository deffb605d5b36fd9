"""The latest past in the journal, as model care asks for it."""

from collections.abc import Sequence

import duckdb
import msgspec
import pyarrow as pa

from decision.care.report import Calibrated, CalibratedDay
from decision.journal.attribution import offer_of, within
from rules.ids import Duration, Instant, ModelVersion, PlacementId
from rules.workspace import Goal

DAY = 86_400_000

_PRESENT = "SELECT max(\"at\") FROM journal WHERE record IN ('decision', 'outcome')"

_SERVED = """
SELECT count(*),
       count(*) FILTER (len(decision.offers) > 0 AND list_contains(decision.offers[1].reasons, 'fallback'))
FROM journal
WHERE record = 'decision' AND decision.source = 'live' AND "at" > $since
"""

_DEGRADED = """
SELECT cause, count(*)
FROM (
    SELECT unnest(decision.degraded) AS cause
    FROM journal
    WHERE record = 'decision' AND decision.source = 'live' AND "at" > $since
)
GROUP BY cause ORDER BY cause
"""

_CATALOGUES = """
SELECT decision.catalogue
FROM journal
WHERE record = 'decision' AND decision.source = 'live' AND "at" > $since
GROUP BY decision.catalogue ORDER BY count(*) DESC, decision.catalogue LIMIT $most
"""

# The same decisions each time that the journal is the same.
_SHOWN = """
WITH chosen AS (
    SELECT id
    FROM journal
    WHERE record = 'decision' AND decision.source = 'live' AND "at" > $since
      AND list_contains($placements, decision.placement)
    ORDER BY hash(id) LIMIT $most
)
SELECT subject, placement, catalogue, model, shown.rank AS rank, shown.probability AS probability,
       CASE WHEN $response THEN shown.propensity ELSE shown.value END AS prediction, shown.features AS features
FROM (
    SELECT coalesce(customer, visitor, id) AS subject, decision.placement AS placement,
           decision.catalogue AS catalogue, decision.model AS model, unnest(decision.offers) AS shown
    FROM journal
    WHERE record = 'decision' AND id IN (SELECT id FROM chosen)
)
WHERE len(shown.features) > 0
"""

EARNED = f"""earned AS (
    SELECT first.id, sum(coalesce(outcomes.outcome.value, 0.0)) AS value
    FROM first
    JOIN journal AS outcomes
      ON outcomes.record = 'outcome' AND outcomes.outcome.kind = $outcome AND outcomes.outcome.decision = first.id
     AND {offer_of("outcomes.outcome", "first.offers", "first.offer")} = first.offer
     AND {within('outcomes."at"', "first.moment")}
    GROUP BY first.id
)"""
"""What came of each decision of `first` (id, moment, offer, offers) within the window; only of those that had any."""

# First offers alone: a model predicts what an offer brings at the first rank.
_CALIBRATED = f"""
WITH first AS (
    SELECT id, coalesce(customer, visitor, id) AS subject, "at" AS moment, "at" // $day AS day,
           decision.offers[1].offer AS offer, len(decision.offers) AS offers,
           CASE WHEN $response THEN decision.offers[1].propensity ELSE decision.offers[1].value END AS predicted
    FROM journal
    WHERE record = 'decision' AND decision.source = 'live' AND decision.model = $model
      AND "at" > $since AND "at" + $window <= $present
      AND list_contains($placements, decision.placement)
      AND len(decision.offers) > 0 AND len(decision.offers[1].features) > 0
), {EARNED}, told AS (
    SELECT day, subject, predicted,
           CASE WHEN earned.id IS NULL THEN 0.0 WHEN $response THEN 1.0 ELSE earned.value END AS observed
    FROM first LEFT JOIN earned USING (id)
    WHERE predicted IS NOT NULL
)
SELECT strftime(make_timestamp(day * $day * 1000), '%Y-%m-%d'), count(*), sum(predicted), sum(observed),
       (SELECT sum(off * off) FROM (SELECT sum(observed - predicted) AS off FROM told GROUP BY subject))
FROM told GROUP BY day ORDER BY day
"""


class Served(msgspec.Struct, frozen=True):
    """How many decisions there were, how many of them were fallbacks, and how many went without each part."""

    decisions: int
    fallbacks: int
    degraded: dict[str, int]


def present_of(connection: duckdb.DuckDBPyConnection) -> Instant | None:
    """The latest moment in the journal: recorded and simulated data live in their own time. None when it is empty."""
    (latest,) = connection.execute(_PRESENT).fetchone() or (None,)
    return None if latest is None else Instant(int(latest))


def catalogues_since(connection: duckdb.DuckDBPyConnection, since: int, most: int) -> list[str]:
    """The catalogue versions of the live decisions after a moment, those with most decisions first."""
    return [version for (version,) in connection.execute(_CATALOGUES, {"since": since, "most": most}).fetchall()]


def served_since(connection: duckdb.DuckDBPyConnection, since: int) -> Served:
    """What became of the live decisions after a moment."""
    decisions, fallbacks = connection.execute(_SERVED, {"since": since}).fetchone() or (0, 0)
    causes = connection.execute(_DEGRADED, {"since": since}).fetchall()
    return Served(int(decisions), int(fallbacks), {str(cause): int(number) for cause, number in causes})


def shown_since(
    connection: duckdb.DuckDBPyConnection, placements: Sequence[PlacementId], response: bool, since: int, most: int
) -> pa.Table:
    """The offers that at most `most` live decisions after a moment showed.

    Columns: subject, placement, catalogue, model, rank, probability, prediction, features.
    """
    parameters = {"placements": list(placements), "response": response, "since": since, "most": most}
    table: pa.Table = connection.sql(_SHOWN, params=parameters).to_arrow_table()
    return table


def calibrated(
    connection: duckdb.DuckDBPyConnection,
    placements: Sequence[PlacementId],
    goal: Goal,
    model: ModelVersion,
    present: Instant,
    window: Duration,
    back: Duration,
) -> Calibrated | None:
    """What came of a model's first offers whose `window` has passed, of a time `back`; None where there are none.

    What one person does has much in common, so that the standard error is over persons, not decisions.
    """
    parameters = {
        "placements": list(placements),
        "response": goal.objective == "response",
        "outcome": goal.outcome,
        "model": model,
        "present": present,
        "since": present - window - back,
        "window": window,
        "day": DAY,
    }
    rows = connection.execute(_CALIBRATED, parameters).fetchall()
    predicted, observed = sum(row[2] for row in rows), sum(row[3] for row in rows)
    squares = rows[0][4] if rows else 0.0
    if predicted <= 0 or squares <= 0:
        return None
    days = tuple(
        CalibratedDay(str(day), int(number), expected / number, came / number)
        for day, number, expected, came, _ in rows
    )
    return Calibrated(observed / predicted, (observed - predicted) / squares**0.5, days)
