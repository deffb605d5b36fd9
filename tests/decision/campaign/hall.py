"""A store with a published workspace and guests, and what a campaign over them left behind."""

from collections.abc import Sequence
from pathlib import Path
from random import Random

import duckdb
import msgspec

from decision.campaign.limits import CampaignLimits
from decision.composition import compose
from decision.journal.reading import open_journal
from decision.journal.record import DecisionRecord, decode_record
from decision.keys import customer_subject
from decision.settings import Settings
from decision.store.port import Store
from decision.subject.profile import AttributeValue, Profile
from rules.contact import CONTACT
from rules.ids import CustomerId, PlacementId
from rules.instant import parse_instant
from tests.decision.small_workspace import FOLDER

NOW = parse_instant("2026-04-15T10:00:00Z")

LIMITS = """
[[volume]]
id = "beds"
offers = "offer.theme == 'family'"
per = "id"
at_most = 120

[[volume]]
id = "mails"
at_most = 500
channels = ["email"]

[[volume]]
id = "club"
offers = "offer.theme == 'club'"
at_least = 60
"""
FAMILIES = {"alba-family", "brisa-family", "corte-family", "corte-old"}

Row = tuple[str, str, tuple[str, ...]]
"""Customer, decision, and the offers shown, by rank."""


class Hall:
    """The small workspace in a store, with guests of random profiles; some of the names are unknown."""

    def __init__(self, store: Store, data: Path, seed: int = 1) -> None:
        self.service = compose(store, Settings(data=str(data)), lambda: NOW)
        self.data = data
        self.random = Random(seed)

    async def open(self, guests: int, more: str = "") -> list[CustomerId]:
        """Publish, with `more` at the end of the workspace, and give each guest a profile; returns their names."""
        toml, offers = (FOLDER / "concierge.toml").read_bytes(), (FOLDER / "offers.csv").read_bytes()
        toml += more.encode()
        await self.service.publishing.publish_workspace(toml, offers, "offers.csv")
        await self.service.refresher.refresh()
        names = [CustomerId(f"guest {number}") for number in range(guests)]
        await self.change(names)
        return names

    async def change(self, names: Sequence[CustomerId]) -> None:
        """Give guests other profiles."""
        for name in names:
            tier = self.random.choice(["silver", "gold"])
            attributes: dict[str, AttributeValue] = {
                "tier": tier,
                "member": self.random.random() < 0.5,
                "age": self.random.randrange(18, 90),
            }
            profile = Profile(attributes, consents={"email": self.random.random() < 0.7})
            await self.service.customers._profiles.replace(customer_subject(name), profile)

    async def contacts(self, names: Sequence[CustomerId]) -> dict[str, int]:
        """How many contacts each has."""
        blobs = await self.service.intake._contacts.load([customer_subject(name) for name in names])
        return {name: len(blob) // CONTACT.itemsize for name, blob in zip(names, blobs, strict=True)}

    async def counted(self, store: Store) -> list[tuple[int, int]]:
        """How many units of each place with a most are taken and held, for mails."""
        snapshot = self.service.refresher.snapshot
        assert snapshot is not None
        limits = CampaignLimits.of(snapshot, PlacementId("mail"), NOW)
        assert limits is not None
        return await store.count([claim.counter for claim in limits.claims.values()])

    def journalled(self) -> list[Row]:
        """What the journal's segments say was decided, by customer."""
        with open_journal(self.data) as journal:
            rows = journal.execute(
                """SELECT customer, id, [x.offer for x in decision.offers] FROM journal
                WHERE record = 'decision' ORDER BY customer, id"""
            ).fetchall()
        return [(customer, id, tuple(offers)) for customer, id, offers in rows]

    def records(self) -> list[DecisionRecord]:
        """The decisions in the journal's segments as they were appended."""
        with open_journal(self.data) as journal:
            entries = journal.execute("SELECT entry FROM journal WHERE record = 'decision'").fetchall()
        records = [decode_record(entry) for (entry,) in entries]
        return [record for record in records if isinstance(record, DecisionRecord)]


def output(*paths: Path) -> list[Row]:
    """What a campaign's output says, by customer."""
    with duckdb.connect() as connection:
        rows = connection.execute(
            """SELECT customer, decision, list(offer ORDER BY rank) FILTER (offer IS NOT NULL)
            FROM read_parquet($paths) GROUP BY customer, decision ORDER BY customer, decision""",
            {"paths": [str(path) for path in paths]},
        ).fetchall()
    return [(customer, id, tuple(offers or ())) for customer, id, offers in rows]


def write_names(path: Path, names: Sequence[str]) -> Path:
    """An audience as CSV."""
    path.write_text("\n".join(["customer", *names]) + "\n")
    return path


def figures(path: Path) -> dict[str, object]:
    """A summary as it was written."""
    return msgspec.json.decode(path.read_bytes(), type=dict[str, object])
