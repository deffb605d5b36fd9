"""The files that a campaign starts from: the same each time, as the service's own checks want them, and tight."""

from pathlib import Path

import duckdb
import pytest
from pyarrow import parquet

from loadtest.campaign import guests, past
from loadtest.campaign.workspace import PLACEMENT, SLOTS, limits_of, write_workspace
from loadtest.hotel.offers import read_offers
from rules.check import check_workspace
from rules.ids import PlacementId

NOW = 1_800_000_000_000


@pytest.fixture(scope="module")
def profiles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("guests") / "guests.parquet"
    guests.write_guests(file, 4_000, NOW, 1)
    return file


def test_guests_are_the_same_each_time_and_others_with_another_seed(profiles: Path, tmp_path: Path) -> None:
    for seed, same in ((1, True), (2, False)):
        guests.write_guests(tmp_path / "again.parquet", 4_000, NOW, seed)
        again = parquet.read_table(tmp_path / "again.parquet")
        assert bool(again.equals(parquet.read_table(profiles))) is same


def test_guests_are_like_those_of_the_hotel_world(profiles: Path) -> None:
    row = duckdb.execute(
        """SELECT count(DISTINCT id), avg(member::INT), avg(email::INT), avg((party IS NULL)::INT),
            avg((interests IS NOT NULL)::INT), count(*) FILTER (member <> (tier IS NOT NULL)), max(len(interests))
        FROM read_parquet(?)""",
        [str(profiles)],
    ).fetchone()
    assert row is not None
    ids, member, consent, gap, ticked, odd, interests = row
    assert (ids, odd, interests) == (4_000, 0, 3)
    assert [member, consent, gap, ticked] == pytest.approx([0.6, 0.8, 0.3, 0.4], abs=0.03)


def test_the_workspace_passes_the_check_with_limits_that_bind(tmp_path: Path) -> None:
    toml, offers = write_workspace(tmp_path / "workspace", 10_000, 1)
    checked = check_workspace(toml, offers, "offers.csv")
    assert checked.catalogue is not None, checked
    assert checked.catalogue.workspace.placements[PlacementId(PLACEMENT)].slots == SLOTS
    assert len(checked.catalogue.workspace.volume) == len(limits_of(10_000))
    assert len(checked.catalogue.offers) == 1000
    rooms = sum(place.most or 0 for place in checked.catalogue.volumes.places if place.limit.id == "rooms")
    assert 0.3 < rooms / 10_000 < SLOTS


def test_some_guests_have_had_what_a_month_or_a_theme_allows(tmp_path: Path) -> None:
    file = tmp_path / "past.parquet"
    assert past.write_past(file, 1_000, NOW, read_offers(), 1) == 20 * 4 + 20 * 3
    rows = duckdb.execute(
        'SELECT customer, count(DISTINCT offer), max("at") FROM read_parquet(?) GROUP BY 1', [str(file)]
    ).fetchall()
    assert sorted({count for _, count, _ in rows}) == [3, 4]
    assert all(latest < NOW for _, _, latest in rows)
