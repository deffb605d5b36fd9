"""The journal as training and evaluation ask for it: decisions joined to what they earned inside the window."""

from collections.abc import Iterator, Mapping

import duckdb
import msgspec
import pyarrow as pa

from decision.journal.attribution import offer_of, within
from decision.journal.record import DecisionRecord, decode_record
from rules.errors import ConciergeError
from rules.ids import DecisionId, Instant, OfferId, PlacementId
from training.errors import TrainingError
from training.material.occasion import Occasion, occasion
from training.material.question import Question

# Outcomes count until now where that is before their window ends.
_ASKED = f"""
WITH asked AS (
    SELECT id, "at", decision, coalesce('c:' || customer, 'v:' || visitor, 'd:' || id) AS subject
    FROM journal
    WHERE record = 'decision'
      AND ("at" + $window <= $now OR ($young AND "at" < $now))
      AND ($since IS NULL OR "at" >= $since)
      AND ($until IS NULL OR "at" < $until)
      AND ($source IS NULL OR decision.source = $source)
      AND list_contains($placements, decision.catalogue || ' ' || decision.placement)
), earned AS (
    SELECT
        asked.id,
        {offer_of("outcomes.outcome", "len(asked.decision.offers)", "asked.decision.offers[1].offer")} AS offer,
        count(*) AS hits,
        sum(coalesce(outcomes.outcome.value, 0.0)) AS value,
        min(outcomes."at" - asked."at") AS delay
    FROM journal AS outcomes
    JOIN asked ON outcomes.outcome.decision = asked.id
    WHERE outcomes.record = 'outcome'
      AND outcomes.outcome.kind = $outcome
      AND {within('outcomes."at"', 'asked."at"')}
      AND outcomes."at" <= $now
    GROUP BY 1, 2
)
"""

_BATCH = 2_000

_DECIDED = """
SELECT customer, visitor, id, "at", list_filter(decision.offers, lambda shown: shown.rank = 1)[1].offer
FROM journal
WHERE record = 'decision'
  AND decision.placement = $placement
  AND decision.source = 'live'
  AND ($since IS NULL OR "at" >= $since)
  AND ($until IS NULL OR "at" < $until)
ORDER BY written DESC
"""

_SHOWN = (
    _ASKED
    + """
, shown AS (
    SELECT id, "at", subject, decision.placement AS placement, decision.catalogue AS catalogue,
        unnest(decision.offers) AS offer
    FROM asked
)
SELECT
    shown.id, shown."at", shown.subject, shown.placement, shown.catalogue,
    shown.offer.offer AS offer, shown.offer.rank AS rank, shown.offer.value AS worth,
    shown.offer.probability AS probability, shown.offer.features AS features,
    coalesce(earned.hits, 0) AS hits, coalesce(earned.value, 0.0) AS value, earned.delay AS delay
FROM shown
LEFT JOIN earned ON earned.id = shown.id AND earned.offer = shown.offer.offer
WHERE len(shown.offer.features) > 0
ORDER BY shown."at", shown.id, rank
"""
)

_FIRST = (
    _ASKED
    + """
, chosen AS (SELECT * FROM asked ORDER BY md5(id) LIMIT $most)
SELECT journal.entry, coalesce(earned.hits, 0) AS hits, coalesce(earned.value, 0.0) AS value
FROM chosen
JOIN journal ON journal.record = 'decision' AND journal.id = chosen.id
LEFT JOIN earned
  ON earned.id = chosen.id
 AND earned.offer = coalesce(list_filter(chosen.decision.offers, lambda shown: shown.rank = 1)[1].offer, '')
ORDER BY chosen."at", chosen.id
"""
)

_SILENT = (
    _ASKED
    + """
SELECT journal.entry, coalesce(earned.hits, 0) AS hits, coalesce(earned.value, 0.0) AS value
FROM asked
JOIN journal ON journal.record = 'decision' AND journal.id = asked.id
LEFT JOIN earned ON earned.id = asked.id AND earned.offer = ''
WHERE len(asked.decision.offers) = 0
  AND ((asked.decision.none_probability > 0 AND asked.decision.none_probability < 1)
       OR asked.decision."group" = 'holdout')
ORDER BY asked."at", asked.id
"""
)

_MOMENT = _ASKED + 'SELECT quantile_disc("at", $share) FROM asked'

_BROUGHT = _ASKED + "SELECT id, offer, hits, value FROM earned"

Brought = Mapping[DecisionId, Mapping[OfferId, tuple[int, float]]]
"""By decision, the outcomes that each of its offers had, and their summed value; what had none is absent."""


class Earned(msgspec.Struct, frozen=True):
    """A decision and what its first offer (or showing none) brought: outcomes of the goal, and their summed value."""

    record: DecisionRecord
    hits: int
    value: float


def latest_moment(connection: duckdb.DuckDBPyConnection) -> Instant:
    """When the journal's latest decision, outcome or event happened; raises TrainingError when it has none."""
    query = "SELECT max(\"at\") FROM journal WHERE record IN ('decision', 'outcome', 'event')"
    row = connection.execute(query).fetchone()
    if row is None or row[0] is None:
        raise TrainingError(
            "The journal has no segments yet; serve some decisions, or import past ones, and try again."
        )
    return Instant(int(row[0]))


def catalogues_of(connection: duckdb.DuckDBPyConnection) -> Mapping[str, frozenset[PlacementId]]:
    """The catalogue versions that decisions were made with, and the placements decided with each."""
    found: dict[str, set[PlacementId]] = {}
    query = "SELECT DISTINCT decision.catalogue, decision.placement FROM journal WHERE record = 'decision'"
    for catalogue, placement in connection.execute(query).fetchall():
        found.setdefault(catalogue, set()).add(PlacementId(placement))
    return {catalogue: frozenset(placements) for catalogue, placements in found.items()}


def shown_offers(
    connection: duckdb.DuckDBPyConnection,
    question: Question,
    places: Mapping[str, frozenset[PlacementId]],
    young: bool = False,
) -> pa.Table:
    """One row per shown offer that has a feature vector, in order of time.

    Columns: id, at, subject, placement, catalogue, offer, rank, worth, probability, features, hits, value, and delay:
    how long after the decision (ms) the first outcome came, null without one. `places` says which placements of which
    catalogue version are meant. With `young` also decisions whose window has not passed, with what has come so far.
    """
    table: pa.Table = connection.sql(_SHOWN, params=_parameters(question, places, young)).to_arrow_table()
    return table


def first_offers(
    connection: duckdb.DuckDBPyConnection,
    question: Question,
    places: Mapping[str, frozenset[PlacementId]],
    most: int | None = None,
) -> Iterator[Earned]:
    """The decisions asked for, in order of time, with what their first offers earned.

    With `most` no more than so many, drawn by their ids: the same ones each time.
    """
    yield from _earned(connection.execute(_FIRST, {**_parameters(question, places), "most": most}))


def silences(
    connection: duckdb.DuckDBPyConnection, question: Question, places: Mapping[str, frozenset[PlacementId]]
) -> Iterator[Earned]:
    """The decisions that showed nothing by chance, in order of time, with what followed all the same.

    Chance is a logged probability of showing nothing between 0 and 1, or the holdout. What showed nothing because
    nothing was allowed is not among them: its subjects differ from the others.
    """
    yield from _earned(connection.execute(_SILENT, _parameters(question, places)))


def _earned(result: duckdb.DuckDBPyConnection) -> Iterator[Earned]:
    while rows := result.fetchmany(_BATCH):
        for entry, hits, value in rows:
            record = decode_record(entry)
            if not isinstance(record, DecisionRecord):
                raise ConciergeError("A journal segment calls another record a decision; write the segments anew.")
            yield Earned(record, int(hits), float(value))


def brought_offers(
    connection: duckdb.DuckDBPyConnection, question: Question, places: Mapping[str, frozenset[PlacementId]]
) -> Brought:
    """What every offer of the decisions asked for brought, at whatever rank it stood."""
    found: dict[DecisionId, dict[OfferId, tuple[int, float]]] = {}
    for id, offer, hits, value in connection.execute(_BROUGHT, _parameters(question, places)).fetchall():
        found.setdefault(DecisionId(id), {})[OfferId(offer)] = int(hits), float(value)
    return found


def moment_of(
    connection: duckdb.DuckDBPyConnection,
    question: Question,
    places: Mapping[str, frozenset[PlacementId]],
    share: float,
) -> Instant | None:
    """The moment before which this share of the decisions asked for was made; None where there are none."""
    row = connection.execute(_MOMENT, {**_parameters(question, places), "share": share}).fetchone()
    return None if row is None or row[0] is None else Instant(int(row[0]))


def decided_offers(
    connection: duckdb.DuckDBPyConnection, question: Question, placement: PlacementId
) -> dict[Occasion, OfferId | None]:
    """What a placement showed first (None: nothing) on each occasion of the question's time.

    Of several decisions on one occasion the first counts.
    """
    found = connection.execute(_DECIDED, {"placement": placement, "since": question.since, "until": question.until})
    return {occasion(customer, visitor, id, at): offer for customer, visitor, id, at, offer in found.fetchall()}


def _parameters(
    question: Question, places: Mapping[str, frozenset[PlacementId]], young: bool = False
) -> dict[str, object]:
    meant = [
        f"{version} {placement}" for version, placements in sorted(places.items()) for placement in sorted(placements)
    ]
    return {
        "window": question.window,
        "young": young,
        "now": question.now,
        "since": question.since,
        "until": question.until,
        "source": question.source,
        "outcome": question.outcome,
        "placements": meant,
    }
