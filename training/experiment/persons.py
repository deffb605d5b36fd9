"""Persons of an experiment and what each of them earned, from the journal."""

from collections.abc import Sequence

import duckdb
import msgspec
import numpy as np
from numpy.typing import NDArray

from decision.journal.attribution import offer_of, within
from rules.ids import Duration, Instant, PlacementId

# Whom the division asked for is the customer, else the visitor; the two are one person where they were seen as one. Of
# an outcome without a value the V counts that was stated for its offer.
_PERSONS = """
WITH asked AS (
    SELECT id, "at", coalesce(kin.person, 'c:' || customer, 'v:' || visitor) AS person, decision.offers AS offers,
           CASE WHEN list_contains($groups, decision."group") THEN decision."group" ELSE $others END AS "group"
    FROM journal LEFT JOIN kin ON kin.name = coalesce('c:' || customer, 'v:' || visitor)
    WHERE record = 'decision'
      AND decision.source = 'live'
      AND (customer IS NOT NULL OR visitor IS NOT NULL)
      AND list_contains($catalogues, decision.catalogue)
      AND list_contains($placements, decision.placement)
      AND ($since IS NULL OR "at" >= $since)
      AND ($until IS NULL OR "at" < $until)
      AND ($others IS NOT NULL OR list_contains($groups, decision."group"))
), came AS (
    SELECT person, first("group" ORDER BY "at", id) AS "group", count(DISTINCT "group") > 1 AS mixed,
           count(*) AS decisions, min("at") AS first
    FROM asked GROUP BY person
), earned AS (
    {earned}
)
SELECT came."group", came.mixed, came.decisions, coalesce(earned.hits, 0) AS hits, coalesce(earned.value, 0.0) AS value,
       coalesce(earned.bare, 0) AS bare
FROM came LEFT JOIN earned ON earned.person = came.person
ORDER BY came.person
"""

_OFFER = offer_of("journal.outcome", "len(asked.offers)", "asked.offers[1].offer")

_BY_OUTCOMES = f"""
    SELECT asked.person, count(*) AS hits,
           sum(coalesce(
               journal.outcome.value,
               list_filter(asked.offers, lambda shown: shown.offer = {_OFFER})[1].value,
               $unstated
           ) ORDER BY journal.id, asked.id) AS value,
           count_if(journal.outcome.value IS NULL AND len(asked.offers) = 0) AS bare
    FROM journal JOIN asked ON journal.outcome.decision = asked.id
    WHERE journal.record = 'outcome' AND journal.outcome.kind = $kind
      AND {within('journal."at"', 'asked."at"')}
    GROUP BY ALL
"""

_BY_EVENTS = """
    SELECT came.person, count(*) AS hits,
           sum(coalesce(journal.event.value, $unstated) ORDER BY journal.id, journal.visitor) AS value, 0 AS bare
    FROM journal LEFT JOIN kin ON kin.name = coalesce('c:' || journal.customer, 'v:' || journal.visitor)
    JOIN came
      ON came.person = coalesce(kin.person, 'c:' || journal.customer, 'v:' || journal.visitor)
     AND journal."at" >= came.first
    WHERE journal.record = 'event' AND journal.event.kind = $kind AND ($until IS NULL OR journal."at" < $until)
    GROUP BY ALL
"""

_LATEST = """
SELECT decision.catalogue FROM journal WHERE record = 'decision' AND decision.source = 'live'
GROUP BY 1 ORDER BY max("at") DESC, 1
"""

_ELSEWHERE = """
SELECT count(*) FROM journal
WHERE record = 'decision' AND decision.source = 'live'
  AND list_contains($catalogues, decision.catalogue) AND list_contains($placements, decision.placement)
  AND ($since IS NULL OR "at" >= $since) AND ($until IS NULL OR "at" < $until)
"""


class Groups(msgspec.Struct, frozen=True):
    """Decisions' groups that count by their names, and what all others are called; None where they do not count."""

    named: tuple[str, ...]
    others: str | None


class Measure(msgspec.Struct, frozen=True):
    """What counts: outcomes of a `kind` inside a `window` after their decision, or without one events of that kind.

    Events count from a person's first decision on, whatever they are due to. `unstated` is the value of what says none.
    """

    kind: str
    window: Duration | None
    unstated: float


class Persons(msgspec.Struct, frozen=True, eq=False):
    """One element per person, in the order of their names: group, decisions, what counts of them, and its value.

    Who was in several groups, as a visitor and as a customer, belongs to the first, which chance chose: `mixed`.
    `bare` is how many of what counts say no value and follow a decision that showed nothing, so that no offer says one.
    """

    group: NDArray[np.str_]
    decisions: NDArray[np.int64]
    hits: NDArray[np.int64]
    value: NDArray[np.float64]
    bare: NDArray[np.int64]
    mixed: NDArray[np.bool_]


def persons_of(
    connection: duckdb.DuckDBPyConnection,
    catalogues: Sequence[str],
    placements: Sequence[PlacementId],
    groups: Groups,
    measure: Measure,
    since: Instant | None = None,
    until: Instant | None = None,
) -> Persons:
    """Everybody in the groups decided for at the placements under these catalogue versions.

    Who is nobody in particular is not. The connection has the table `kin`, of who is whom.
    """
    given: dict[str, object] = {
        "catalogues": list(catalogues),
        "placements": list(placements),
        "groups": list(groups.named),
        "others": groups.others,
        "since": since,
        "until": until,
        "kind": measure.kind,
        "unstated": measure.unstated,
    }
    if measure.window is not None:
        given["window"] = measure.window
    query = _PERSONS.format(earned=_BY_EVENTS if measure.window is None else _BY_OUTCOMES)
    columns = connection.execute(query, given).fetchnumpy()
    return Persons(
        np.asarray(columns["group"], np.str_),
        np.asarray(columns["decisions"], np.int64),
        np.asarray(columns["hits"], np.int64),
        np.asarray(columns["value"], np.float64),
        np.asarray(columns["bare"], np.int64),
        np.asarray(columns["mixed"], np.bool_),
    )


def latest_catalogues(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The catalogue versions that decisions were made with, the one of the latest decision first."""
    return [version for (version,) in connection.execute(_LATEST).fetchall()]


def count_decisions(
    connection: duckdb.DuckDBPyConnection,
    catalogues: Sequence[str],
    placements: Sequence[PlacementId],
    since: Instant | None,
    until: Instant | None,
) -> int:
    """How many decisions were made at the placements under these catalogue versions."""
    given = {"catalogues": list(catalogues), "placements": list(placements), "since": since, "until": until}
    (count,) = connection.execute(_ELSEWHERE, given).fetchone() or (0,)
    return int(count)
