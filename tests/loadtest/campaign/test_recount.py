"""A recount that finds what went wrong: every kind of mistake is made once, in files like those of a campaign."""

from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pytest
from pyarrow import parquet

from loadtest.campaign.recount import Recount, recount
from loadtest.campaign.workspace import PLACEMENT, Limit

NOW = 1_800_000_000_000
DAY = 86_400_000
POLICY = """
[[contact_policy]]
id = "two-a-month"
count = "decision"
at_most = 2
within = "28d"
channels = ["email"]

[[contact_policy]]
id = "theme-rests"
count = "decision"
per = "theme"
at_most = 3
within = "365d"
channels = ["email"]
rest = "60d"

[[contact_policy]]
id = "answers"
count = "accept"
at_most = 1
within = "28d"
"""
OFFERS = "id,theme,rooms\nspa,spa,1\nsea,beach,2\nclub,club,\n"
LIMITS = (Limit("rooms", "id", None, "rooms IS NOT NULL"), Limit("all", None, 3), Limit("themes", "theme", 2))


class Row(NamedTuple):
    customer: str
    decision: str
    offer: str | None
    rank: int | None = 1


GOOD = [Row("ann", "d1", "spa"), Row("bob", "d2", "sea"), Row("eve", "d3", None, None)]
PAST = [("ann", "club", 3), *(("eve", "spa", days) for days in (20, 35, 50))]


def found(
    folder: Path,
    written: list[Row] | None = None,
    journalled: list[Row] | None = None,
    past: list[tuple[str, str, int]] | None = None,
) -> Recount:
    work, data = folder, folder / "data"
    for made in (work / "workspace", work / "out" / "placement=p", data / "journal" / "date=2027-01-15"):
        made.mkdir(parents=True, exist_ok=True)
    (work / "workspace" / "offers.csv").write_text(OFFERS)
    (work / "workspace" / "concierge.toml").write_text(POLICY)
    parquet.write_table(pa.table({"customer": ["ann", "bob", "eve"]}), work / "audience.parquet")
    rows = GOOD if written is None else written
    columns = list(zip(*rows, strict=True))
    parquet.write_table(
        pa.table(
            {
                "customer": columns[0],
                "decision": columns[1],
                "offer": pa.array(columns[2], pa.string()),
                "rank": pa.array(columns[3], pa.int32()),
            }
        ),
        work / "out" / "placement=p" / "000000.parquet",
    )
    parquet.write_table(
        _journal(rows if journalled is None else journalled), data / "journal" / "date=2027-01-15" / "a.parquet"
    )
    sent = PAST if past is None else past
    parquet.write_table(
        pa.table(
            {
                "customer": [customer for customer, _, _ in sent],
                "offer": [offer for _, offer, _ in sent],
                "at": [NOW - days * DAY for _, _, days in sent],
            }
        ),
        work / "past.parquet",
    )
    return recount(work, data, LIMITS)


def _journal(rows: list[Row]) -> pa.Table:
    decisions: dict[tuple[str, str], list[dict[str, object]]] = {}
    for row in rows:
        offers = decisions.setdefault((row.customer, row.decision), [])
        offers += [] if row.offer is None else [{"offer": row.offer, "rank": row.rank}]
    offer = pa.list_(pa.struct([("offer", pa.string()), ("rank", pa.int32())]))
    decision = pa.struct([("placement", pa.string()), ("source", pa.string()), ("offers", offer)])
    told = [{"placement": PLACEMENT, "source": "live", "offers": offers} for offers in decisions.values()]
    return pa.table(
        {
            "record": ["decision"] * len(decisions),
            "id": [id for _, id in decisions],
            "customer": [customer for customer, _ in decisions],
            "at": pa.array([NOW] * len(decisions), pa.int64()),
            "decision": pa.array(told, decision),
        }
    )


def test_a_campaign_that_kept_everything_is_good(tmp_path: Path) -> None:
    counted = found(tmp_path)
    assert counted.good
    assert (counted.customers, counted.reached, counted.shown) == (3, 2, 2)
    assert [(kept.id, kept.used_up, kept.places, kept.used) for kept in counted.limits] == [
        ("rooms", 1, 2, 2 / 3),
        ("all", 0, 1, 2 / 3),
        ("themes", 0, 3, 2 / 6),
    ]
    assert [kept.id for kept in counted.caps] == ["two-a-month", "theme-rests"]


@pytest.mark.parametrize(
    ("mistake", "written", "journalled"),
    [
        ("decided twice, in the output", [*GOOD, Row("bob", "d4", "club")], None),
        ("decided twice, in the journal", GOOD, [*GOOD, Row("bob", "d4", None)]),
        ("left out of the output", GOOD[:2], GOOD),
        ("left out of the journal", GOOD, GOOD[:2]),
        ("nobody of the audience", [*GOOD, Row("kim", "d4", None, None)], GOOD),
        ("an offer in one, not in the other", GOOD, [Row("ann", "d1", "club"), *GOOD[1:]]),
        ("an offer in one, not in the other", GOOD, [Row("ann", "d1", "spa", 2), *GOOD[1:]]),
    ],
)
def test_a_mistake_is_found(mistake: str, written: list[Row], journalled: list[Row] | None, tmp_path: Path) -> None:
    counted = found(tmp_path, written, journalled)
    assert counted.mistakes[mistake] > 0
    assert not counted.good


def test_records_of_one_id_count_once(tmp_path: Path) -> None:
    found(tmp_path)
    again = tmp_path / "data" / "journal" / "date=2027-01-15" / "b.parquet"
    parquet.write_table(_journal(GOOD), again)
    assert recount(tmp_path, tmp_path / "data", LIMITS).good


@pytest.mark.parametrize(
    ("over", "rows"),
    [
        ({"rooms": 1}, [Row("ann", "d1", "spa"), Row("bob", "d2", "spa"), GOOD[2]]),
        ({"all": 1}, [*GOOD[:2], Row("bob", "d2", "club", 2), Row("eve", "d3", "sea")]),
        ({"themes": 1}, [Row("ann", "d1", "club"), Row("bob", "d2", "club"), Row("eve", "d3", "club")]),
    ],
)
def test_units_over_a_limit_are_found(over: dict[str, int], rows: list[Row], tmp_path: Path) -> None:
    counted = found(tmp_path, rows)
    assert {kept.id: kept.over for kept in counted.limits if kept.over} == over
    assert not counted.good


def test_contacts_over_a_cap_are_found_in_its_window_only(tmp_path: Path) -> None:
    for days, over in ((27, 1), (28, 0)):
        counted = found(tmp_path, past=[("ann", "club", 3), ("ann", "sea", days)])
        assert {kept.id: kept.over for kept in counted.caps} == {"two-a-month": over, "theme-rests": 0}


def test_an_offer_of_a_resting_theme_is_found(tmp_path: Path) -> None:
    for days, over in (((61, 70, 80), 0), ((59, 70, 80), 1)):
        counted = found(tmp_path, past=[("ann", "spa", each) for each in days])
        assert {kept.id: kept.over for kept in counted.caps} == {"two-a-month": 0, "theme-rests": over}
