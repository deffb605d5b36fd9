"""Counts anew what a campaign did, from the files it left behind: its output, the journal, and what was imported.

Nothing of the service takes part: offers come from the published table, contacts from decisions in the output and mails
in the import, and every limit and cap is counted in SQL.
"""

import tomllib
from collections.abc import Sequence
from pathlib import Path

import duckdb
import msgspec

from loadtest.campaign.workspace import PLACEMENT, Limit

# Records of one id count once. Whatever a killed run left beside the finished parts begins with a dot and is not read.
_TABLES = """
CREATE VIEW offers AS SELECT * FROM read_csv($offers, header = true);
CREATE VIEW audience AS SELECT customer FROM read_parquet($audience);
CREATE TABLE written AS
    SELECT customer, decision, offer, rank FROM read_parquet($out, hive_partitioning = false);
CREATE TABLE journalled AS
    SELECT DISTINCT ON (id) id AS decision, customer, "at", decision.offers AS offers
    FROM read_parquet($journal, hive_partitioning = true)
    WHERE record = 'decision' AND decision.placement = $placement AND decision.source = 'live';
CREATE TABLE shown AS
    SELECT decision, customer, "at", entry.offer AS offer, entry.rank AS rank
    FROM (SELECT decision, customer, "at", unnest(offers) AS entry FROM journalled);
CREATE VIEW contacts AS
    SELECT customer, offer, "at", true AS own FROM shown
    UNION ALL SELECT customer, offer, "at", false FROM read_parquet($past);
"""

_ONCE = {
    "decided twice, in the output": "SELECT count(*) FROM (SELECT customer FROM written GROUP BY 1 "
    "HAVING count(DISTINCT decision) > 1)",
    "decided twice, in the journal": "SELECT count(*) FROM (SELECT customer FROM journalled GROUP BY 1 "
    "HAVING count(*) > 1)",
    "left out of the output": "SELECT count(*) FROM (FROM audience EXCEPT SELECT customer FROM written)",
    "left out of the journal": "SELECT count(*) FROM (FROM audience EXCEPT SELECT customer FROM journalled)",
    "nobody of the audience": "SELECT count(*) FROM (SELECT customer FROM written EXCEPT FROM audience)",
    "an offer in one, not in the other": """SELECT count(*) FROM (
        (SELECT decision, offer, rank FROM written WHERE offer IS NOT NULL
        EXCEPT SELECT decision, offer, rank FROM shown)
        UNION ALL
        (SELECT decision, offer, rank FROM shown EXCEPT SELECT decision, offer, rank FROM written))""",
}

_UNITS = """
SELECT coalesce(sum(greatest(units - most, 0)), 0), count(*) FILTER (units >= most), count(*), sum(units) / sum(most)
FROM (
    SELECT {per} AS place, {most} AS most, count(shown.offer) AS units
    FROM offers LEFT JOIN shown ON shown.offer = offers.id
    WHERE {where} GROUP BY ALL
)
"""

_CONTACTS = """
SELECT count(*) FROM (
    SELECT own, count(*) OVER (
        PARTITION BY customer, {per} ORDER BY "at" RANGE BETWEEN {within} - 1 PRECEDING AND CURRENT ROW) AS held
    FROM contacts JOIN offers ON offers.id = contacts.offer
) WHERE own AND held > {most}
"""

_RESTING = """
SELECT count(*) FROM contacts JOIN offers ON offers.id = contacts.offer
WHERE own AND EXISTS (
    SELECT 1 FROM (
        SELECT customer, {per} AS value, max("at") AS begun FROM contacts JOIN offers ON offers.id = contacts.offer
        WHERE NOT own GROUP BY ALL HAVING count(*) >= {most}
    ) AS tired
    WHERE tired.customer = contacts.customer AND tired.value = offers.{per} AND contacts."at" < tired.begun + {rest})
"""


class Kept(msgspec.Struct, frozen=True):
    """How a limit or cap was kept: units over it; of limits also how many of their places were used up, and the share
    of all units that was used."""

    id: str
    over: int
    used_up: int | None = None
    places: int | None = None
    used: float | None = None


class Recount(msgspec.Struct, frozen=True):
    """What was found: mistakes by what they are, and every limit and cap; `shown` counts offers sent."""

    customers: int
    shown: int
    reached: int
    mistakes: dict[str, int]
    limits: tuple[Kept, ...]
    caps: tuple[Kept, ...]

    @property
    def good(self) -> bool:
        """Whether everybody was decided once and nothing was exceeded."""
        return not any(self.mistakes.values()) and not any(kept.over for kept in (*self.limits, *self.caps))


def recount(work: Path, data: Path, limits: Sequence[Limit]) -> Recount:
    """Count the campaign whose files lie in `work` and whose journal is in `data`."""
    with duckdb.connect() as database:
        for statement in _TABLES.strip().split(";\n"):
            wanted = {
                "offers": str(work / "workspace" / "offers.csv"),
                "audience": str(work / "audience.parquet"),
                "out": str(work / "out" / "**" / "[0-9]*.parquet"),
                "journal": str(data / "journal" / "**" / "*.parquet"),
                "placement": PLACEMENT,
                "past": str(work / "past.parquet"),
            }
            _run(database, statement.rstrip(";\n"), wanted)
        return Recount(
            customers=_number(database, "SELECT count(*) FROM audience"),
            shown=_number(database, "SELECT count(*) FROM shown"),
            reached=_number(database, "SELECT count(DISTINCT customer) FROM shown"),
            mistakes={said: _number(database, query) for said, query in _ONCE.items()},
            limits=tuple(_limit(database, limit) for limit in limits),
            caps=tuple(_caps(database, (work / "workspace" / "concierge.toml").read_text())),
        )


def _limit(database: duckdb.DuckDBPyConnection, limit: Limit) -> Kept:
    most = "any_value(rooms)" if limit.most is None else str(limit.most)
    query = _UNITS.format(per=limit.per or "0", most=most, where=limit.where)
    over, used_up, places, used = database.execute(query).fetchone() or (0, 0, 0, 0.0)
    return Kept(limit.id, int(over), int(used_up), int(places), float(used))


def _caps(database: duckdb.DuckDBPyConnection, toml: str) -> list[Kept]:
    """Every entry of the contact policy that counts decisions on the mailing's channel."""
    found = []
    for entry in tomllib.loads(toml)["contact_policy"]:
        if entry["count"] != "decision" or "email" not in entry.get("channels", ["email"]):
            continue
        per, most, within = entry.get("per", "0"), entry["at_most"], _milliseconds(entry["within"])
        query = _CONTACTS.format(per=per, most=most, within=within)
        if "rest" in entry:
            query = _RESTING.format(per=per, most=most, rest=_milliseconds(entry["rest"]))
        found.append(Kept(entry["id"], _number(database, query)))
    return found


def _milliseconds(days: str) -> int:
    return int(days.removesuffix("d")) * 86_400_000


def _run(database: duckdb.DuckDBPyConnection, statement: str, values: dict[str, str]) -> None:
    """Views take no parameters, so that file names are written into them as literals."""
    for name, value in values.items():
        statement = statement.replace(f"${name}", "'" + value.replace("'", "''") + "'")
    database.execute(statement)


def _number(database: duckdb.DuckDBPyConnection, query: str) -> int:
    row = database.execute(query).fetchone()
    return int(row[0]) if row else 0
