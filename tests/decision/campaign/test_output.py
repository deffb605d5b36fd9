"""A result is written once, whole, and where it is wanted; nobody else's is replaced, and nobody is decided again."""

from concurrent.futures import Future, ThreadPoolExecutor
from io import StringIO
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from decision.campaign.beginning import MOST_CHUNKS, Wish, chunk_for
from decision.campaign.campaign import CampaignId
from decision.campaign.folder import CampaignFolders
from decision.campaign.hands import Crew
from decision.command.campaign_run import CampaignShow
from decision.keys import JOURNAL
from decision.settings import Settings
from decision.store.redis import RedisStore
from rules.errors import Conflict, Invalid, Unavailable
from rules.ids import Instant, PlacementId
from tests.decision.campaign.hall import NOW, Hall, output, write_names

GUESTS = 60


class Site:
    """A hall, an audience of all its guests, and wishes for it."""

    def __init__(self, url: str, hall: Hall, path: Path, guests: list[str]) -> None:
        self.url = url
        self.hall = hall
        self.path = path
        self.guests = guests
        self.audience = write_names(path / "audience.csv", guests)
        self.said = StringIO()

    def wish(self, name: str, **more: object) -> Wish:
        plain = Wish(str(self.audience), "d", PlacementId("home"), self.path / name, NOW, chunk=10)
        return msgspec.structs.replace(plain, **more)

    async def run(self, wish: Wish, most: int | None = None) -> bool:
        """Run, and stop after so many chunks."""
        left = [most]

        class Stopping(ThreadPoolExecutor):
            def submit(self, *arguments, **named) -> Future:  # type: ignore[no-untyped-def,type-arg]
                if left[0] is not None:
                    left[0] -= 1
                    if left[0] < 0:
                        raise KeyboardInterrupt
                return super().submit(*arguments, **named)

        settings = Settings(store=self.url, data=str(self.hall.data))
        crew = Crew(lambda: Stopping(1), 1)
        console = Console(file=self.said, width=200)
        return await CampaignShow(settings, wish, self.audience, crew, console).run()

    async def kill(self, wish: Wish) -> None:
        """Begin a campaign and leave it unfinished."""
        with pytest.raises(KeyboardInterrupt):
            await self.run(wish, most=2)


@pytest.fixture
async def site(valkey_url: str, valkey_store: RedisStore, tmp_path: Path) -> Site:
    hall = Hall(valkey_store, tmp_path / "data")
    return Site(valkey_url, hall, tmp_path, [*await hall.open(GUESTS)])


@pytest.mark.parametrize("out", ["nothing", "file/o.parquet", "file/campaigns"])
async def test_a_place_that_cannot_be_written_is_told_before_anybody_is_decided(
    site: Site, valkey_store: RedisStore, out: str
) -> None:
    (site.path / "file").write_text("")
    place = Path("/proc/x/o.parquet") if out == "nothing" else site.path / out
    with pytest.raises(Invalid, match="nobody was decided"):
        await site.run(site.wish("o", out=place))
    assert await valkey_store.log_length(JOURNAL) == 0
    assert not [*(site.hall.data / "campaigns").glob("*")]


async def test_a_result_can_be_had_elsewhere_and_again(site: Site) -> None:
    id = CampaignId("one")
    await site.kill(site.wish("a/o.parquet", id=id))
    assert not (site.path / "a").exists()
    assert await site.run(site.wish("b/o.parquet", id=id))
    rows = output(site.path / "b" / "o.parquet")
    assert len(rows) == GUESTS
    assert site.hall.journalled() == rows

    (site.path / "b" / "o.parquet").unlink()
    assert await site.run(site.wish("b/o.parquet", id=id))
    assert await site.run(site.wish("hive", id=id))
    assert output(site.path / "b" / "o.parquet") == rows
    assert output(*(site.path / "hive").glob("*/campaign=one/*.parquet")) == rows
    assert (site.path / "hive" / "_one.summary.json").read_bytes() == (site.path / "b" / "o.summary.json").read_bytes()
    assert site.hall.journalled() == rows
    assert "nothing is decided anew" in site.said.getvalue()


async def test_a_dry_run_writes_into_nothing_that_is_there(site: Site) -> None:
    id = CampaignId("hv")
    assert await site.run(site.wish("hive", id=id, dry_run=True))
    for wish in (site.wish("hive", id=id, dry_run=True), site.wish("hive", id=id)):
        with pytest.raises(Conflict, match="is not this campaign's"):
            await site.run(wish)
    assert await site.run(site.wish("other", id=id))
    with pytest.raises(Conflict, match="is not this campaign's"):
        await site.run(site.wish("other", id=id, dry_run=True))
    assert len(output(*(site.path / "other").glob("*/*/*.parquet"))) == GUESTS


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"digest": "changed"}, "with other content"),
        ({"out": Path("elsewhere.parquet")}, "another --out"),
        ({"source": "other", "digest": "x"}, "another --out"),
        ({"id": "%", "digest": "changed"}, "another audience"),
        ({"id": "%", "moment": Instant(NOW - 1), "fixed": True}, "another --at"),
        ({"id": "%", "chunk": 20}, "another --chunk"),
        ({"id": "%", "columns": ("brand",)}, "another choice of columns"),
        ({"id": "%", "placement": PlacementId("mail")}, "another placement"),
    ],
)
async def test_what_changed_since_a_campaign_began_is_refused(site: Site, change: dict[str, object], said: str) -> None:
    await site.kill(site.wish("o.parquet"))
    (folder,) = CampaignFolders(site.hall.data).all()
    id = folder.path.name
    if "id" in change:
        change = change | {"id": CampaignId(id)}
    with pytest.raises(Conflict, match=said) as error:
        await site.run(site.wish("o.parquet", **change))
    assert f"--id {id}" in str(error.value)
    assert f"withdraw {id}" in str(error.value)
    assert [other.path for other in CampaignFolders(site.hall.data).all()] == [folder.path]
    assert await site.run(site.wish("o.parquet", id=CampaignId(id)))
    assert len(output(site.path / "o.parquet")) == GUESTS


async def test_the_result_of_another_is_not_replaced(site: Site) -> None:
    await site.kill(site.wish("o.parquet", id=CampaignId("one")))
    assert await site.run(site.wish("o.parquet", id=CampaignId("two")))
    before = (site.path / "o.parquet").read_bytes()
    with pytest.raises(Conflict, match="another --out"):
        await site.run(site.wish("o.parquet", id=CampaignId("one")))
    assert (site.path / "o.parquet").read_bytes() == before
    assert await site.run(site.wish("p.parquet", id=CampaignId("one")))


async def test_a_full_disk_in_the_end_loses_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("decision.campaign.output.move_durably", full)
        with pytest.raises(Unavailable, match="another --out"):
            await site.run(site.wish("o.parquet"))
    rows = site.hall.journalled()
    assert await site.run(site.wish("o.parquet"))
    assert output(site.path / "o.parquet") == rows == site.hall.journalled()


def test_an_audience_makes_so_many_parts_at_most() -> None:
    wish = Wish("a", "d", PlacementId("home"), Path("o"), NOW)
    assert chunk_for(wish, 15_000_000) == 2_000
    assert chunk_for(wish, 100_000_000) == 10_000
    assert chunk_for(msgspec.structs.replace(wish, chunk=1), MOST_CHUNKS) == 1
    with pytest.raises(Invalid, match="give 100 or more"):
        chunk_for(msgspec.structs.replace(wish, chunk=1), 1_000_000)
