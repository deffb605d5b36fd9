"""What became of shown offers so far, counted from the journal."""

from math import sqrt

import duckdb
import msgspec

from decision.journal.attribution import offer_of, within
from models.rates import STRENGTH, Count, group_of
from rules.catalogue import Catalogue
from rules.duration import parse_duration
from rules.ids import GoalId, OfferId, PlacementId

# The present is the latest moment in the journal: recorded and simulated data live in their own time. An offer counts
# once its window has passed, because until then it may still be answered. Where nothing was shown, by choice, outcomes
# name no offer.
_COUNTS = f"""
WITH shown AS (
    SELECT id, moment, placement, shown.offer AS offer, offers
    FROM (
        SELECT id, "at" AS moment, decision.placement AS placement,
               unnest(decision.offers) AS shown, len(decision.offers) AS offers
        FROM journal
        WHERE record = 'decision' AND list_contains($placements, decision.placement)
    )
    UNION ALL
    SELECT id, "at", decision.placement, '', 0
    FROM journal
    WHERE $none AND record = 'decision' AND list_contains($placements, decision.placement)
      AND len(decision.offers) = 0 AND decision.none_probability > 0
),
ripe AS (
    SELECT *
    FROM shown
    WHERE moment + $window <= (SELECT max("at") FROM journal WHERE record IN ('decision', 'outcome'))
),
answers AS (
    SELECT outcome.decision AS id, outcome, "at" AS moment, coalesce(outcome.value, 0) AS value
    FROM journal
    WHERE record = 'outcome' AND outcome.kind = $kind
),
answered AS (
    SELECT ripe.id, ripe.offer, CASE WHEN $response THEN 1.0 ELSE sum(answers.value) END AS value
    FROM ripe JOIN answers
      ON answers.id = ripe.id AND {offer_of("answers.outcome", "ripe.offers", "ripe.offer")} = ripe.offer
     AND {within("answers.moment", "ripe.moment")}
    GROUP BY ripe.id, ripe.offer
)
SELECT placement, offer, count(*), coalesce(sum(value), 0), coalesce(sum(value * value), 0)
FROM ripe LEFT JOIN answered USING (id, offer)
GROUP BY placement, offer
ORDER BY placement, offer
"""


class ShownCounts(msgspec.Struct, frozen=True):
    """Counts by placement and offer, and by how many times its mean a shown offer's outcome varies (0: unknown)."""

    counts: tuple[Count, ...]
    variation: float

    @property
    def by_offer(self) -> dict[OfferId, int]:
        """How often each offer was shown."""
        shown: dict[OfferId, int] = {}
        for count in self.counts:
            shown[count.offer] = shown.get(count.offer, 0) + int(count.trials)
        return shown


def count_shown(journal: duckdb.DuckDBPyConnection, catalogue: Catalogue, goal: GoalId, pooled_by: str) -> ShownCounts:
    """The counts of a goal, on all placements that work towards it.

    For increments, totals are what came beyond the mean after showing nothing. While nobody was shown nothing yet that
    mean is taken for zero, and as long as few were it leans on zero.
    """
    spec = catalogue.workspace.goals[goal]
    parameters = {
        "placements": [id for id, placement in catalogue.workspace.placements.items() if goal in placement.aims],
        "window": parse_duration(spec.window),
        "kind": spec.outcome,
        "response": spec.objective == "response",
        "none": spec.objective == "increment",
    }
    rows = journal.execute(_COUNTS, parameters).fetchall()
    baseline = {placement: total / (trials + STRENGTH) for placement, offer, trials, total, _ in rows if not offer}
    rows = [row for row in rows if row[1]]
    groups = dict(zip(catalogue.offers.ids, group_of(catalogue.offers, pooled_by), strict=True))
    counts = tuple(
        Count(
            PlacementId(placement),
            OfferId(offer),
            groups.get(OfferId(offer), ""),
            trials,
            total - trials * baseline.get(placement, 0.0),
        )
        for placement, offer, trials, total, _ in rows
    )
    trials, total, squares = (sum(row[column] for row in rows) for column in (2, 3, 4))
    mean = sum(count.total for count in counts) / trials if trials else 0.0
    spread = sqrt(max(squares / trials - (total / trials) ** 2, 0.0)) if trials else 0.0
    return ShownCounts(counts, spread / mean if mean > 0.0 else 0.0)
