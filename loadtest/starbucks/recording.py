"""The recorded experiment as files that Concierge takes: offers, customers, events by wave, and logged decisions.

The data (17,000 customers, 10 offers, 306,534 events over 714 hours) hold six waves; in each a customer got no offer
with probability .25, or each of the ten offers with probability .075. A wave earned, per customer, what was spent less
the rewards paid in the 72 hours from it. The order within one hour carries no meaning, so an event of a wave's own hour
counts as after it.
"""

from pathlib import Path

import duckdb
import msgspec
import numpy as np

from loadtest.messages import Event

WAVE_HOURS = (0, 168, 336, 408, 504, 576)
WINDOW_HOURS = 72
NONE_PROBABILITY = 0.25
OFFER_PROBABILITY = 0.075
HOUR_ZERO = "2018-08-01T00:00:00Z"
"""The recording counts hours from a moment it does not tell; this one follows the last registration in it."""


def moment(hour: int) -> str:
    """An hour of the recording as RFC 3339."""
    return str(np.datetime64(HOUR_ZERO.rstrip("Z"), "s") + np.timedelta64(hour, "h")) + "Z"


class RecordingCounts(msgspec.Struct, frozen=True):
    """How much the recording holds."""

    customers: int
    events: int
    decisions: int


class Recording:
    """The data folder, read once into DuckDB."""

    def __init__(self, folder: Path) -> None:
        missing = [
            name for name in ("portfolio.json", "profile.json.gz", "events.csv.gz") if not (folder / name).is_file()
        ]
        if missing:
            raise FileNotFoundError(
                f"{folder} lacks {', '.join(missing)}; give the folder of the Starbucks Rewards data"
            )
        self._database = duckdb.connect()
        run = self._database.execute
        run("SET preserve_insertion_order = true")
        run("CREATE TABLE offers AS SELECT * FROM read_json(?)", [str(folder / "portfolio.json")])
        run("CREATE TABLE people AS SELECT * FROM read_json(?)", [str(folder / "profile.json.gz")])
        run(
            """CREATE TABLE events AS
            SELECT row_number() OVER () AS line, "time" AS hour, person, event, offer_id, amount
            FROM read_csv(?, header = true)""",
            [str(folder / "events.csv.gz")],
        )
        run("CREATE TABLE waves AS SELECT unnest(?) AS hour", [list(WAVE_HOURS)])

    def counts(self) -> RecordingCounts:
        """How many customers, events and decisions there are."""
        people = self._one("SELECT count(*) FROM people")
        return RecordingCounts(people, self._one("SELECT count(*) FROM events"), people * len(WAVE_HOURS))

    def write_offers(self, file: Path) -> None:
        """The ten offers as the workspace's `offers.csv`."""
        self._copy(
            """SELECT id, offer_type AS kind, difficulty::DOUBLE AS difficulty, reward::DOUBLE AS reward,
                duration::DOUBLE AS days, list_contains(channels, 'web') AS web,
                list_contains(channels, 'mobile') AS mobile, list_contains(channels, 'social') AS social,
                offer_type || ': spend ' || difficulty || ', get ' || reward AS "creative.title"
            FROM offers ORDER BY id""",
            file,
        )

    def write_customers(self, file: Path) -> None:
        """The customers; age 118 stands for unknown."""
        self._copy(
            """SELECT id, gender, CASE WHEN age <> 118 THEN age END AS age, income::DOUBLE AS income,
                strftime(strptime(became_member_on::VARCHAR, '%Y%m%d'), '%Y-%m-%dT00:00:00Z') AS member_since
            FROM people ORDER BY id""",
            file,
        )

    def write_decisions(self, wave: int, file: Path) -> None:
        """The logged decisions of the wave at an hour, each with its probability and what it earned."""
        self._copy(
            f"""WITH earned AS (
                SELECT person, sum(CASE WHEN event = 'transaction' THEN amount ELSE 0 END)
                    - sum(CASE WHEN event = 'offer completed' THEN reward ELSE 0 END) AS net
                FROM events LEFT JOIN offers ON events.offer_id = offers.id
                WHERE hour >= {wave} AND hour < {wave + WINDOW_HOURS} AND event IN ('transaction', 'offer completed')
                GROUP BY person),
            shown AS (SELECT person, offer_id FROM events WHERE event = 'offer received' AND hour = {wave})
            SELECT people.id || '-{wave}' AS id, people.id AS customer, offer_id AS offer, {wave} AS hour,
                CASE WHEN offer_id IS NULL THEN {NONE_PROBABILITY} ELSE {OFFER_PROBABILITY} END AS probability,
                round(coalesce(net, 0), 2) AS net, {wave + WINDOW_HOURS - 1} AS net_hour
            FROM people LEFT JOIN shown ON shown.person = people.id LEFT JOIN earned ON earned.person = people.id
            ORDER BY people.id""",
            file,
        )

    def customers(self) -> list[str]:
        """Every customer's id."""
        return [row[0] for row in self._database.execute("SELECT id FROM people ORDER BY id").fetchall()]

    def events_between(self, start: int, end: int) -> list[Event]:
        """The events of hours from `start` to before `end`."""
        rows = self._database.execute(
            """SELECT line, person, event, strftime(?::TIMESTAMP + to_hours(hour), '%Y-%m-%dT%H:%M:%SZ'), offer_id,
                offer_type, amount
            FROM events LEFT JOIN offers ON events.offer_id = offers.id
            WHERE hour >= ? AND hour < ? ORDER BY line""",
            [HOUR_ZERO.rstrip("Z"), start, end],
        ).fetchall()
        return [_event(*row) for row in rows]

    def _one(self, query: str) -> int:
        row = self._database.execute(query).fetchone()
        return int(row[0]) if row else 0

    def _copy(self, query: str, file: Path) -> None:
        self._database.execute(f"COPY ({query}) TO '{file}' (HEADER)")


_KINDS = {
    "transaction": "transaction",
    "offer received": "receipt",
    "offer viewed": "view",
    "offer completed": "completion",
}


def _event(
    line: int, person: str, event: str, at: str, offer: str | None, kind: str | None, amount: float | None
) -> Event:
    attributes = {name: value for name, value in (("offer", offer), ("kind", kind)) if value is not None}
    return Event(f"recorded-{line}", _KINDS[event], customer=person, at=at, attributes=attributes, value=amount)
