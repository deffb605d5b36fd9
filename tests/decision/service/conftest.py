"""The service over a store that can be weak, and what its tests ask of it."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from decision.composition import compose
from decision.journal.record import DecisionRecord
from decision.service.admission import Ask, admit
from decision.service.concierge import Concierge
from decision.service.question import DecisionQuestion
from decision.settings import Settings
from decision.store.memory import MemoryStore
from decision.store.port import Position, Write
from rules.errors import Unavailable
from rules.ids import CustomerId, PlacementId
from rules.instant import parse_instant
from tests.decision.journal.records import log_records
from tests.decision.small_workspace import FOLDER

NOW = parse_instant("2026-04-01T12:00:00Z")


class WeakStore(MemoryStore):
    """The store in memory with the weaknesses of a real one: away, slow, refusing its log, or always overtaken."""

    def __init__(self) -> None:
        super().__init__(lambda: NOW / 1000)
        self.away = False
        self.log_away = False
        self.reading_seconds = 0.0
        self.writing_seconds = 0.0
        self.contended = False
        self.conflicts = 0
        self.deaf = 0
        """How many writes more happen, but are not acknowledged."""

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        self._answer()
        await asyncio.sleep(self.reading_seconds)
        return await super().get_many(keys)

    async def append(
        self,
        key: str,
        value: bytes,
        expected_length: int | None = None,
        ttl: int | None = None,
        expected_end: bytes = b"",
    ) -> int | None:
        self._answer()
        await asyncio.sleep(self.writing_seconds)
        if self.contended and expected_length is not None:
            return None
        length = await super().append(key, value, expected_length, ttl, expected_end)
        self.conflicts += length is None
        self._acknowledge()
        return length

    async def add_to_log(self, log: str, entry: bytes) -> Position:
        self._answer()
        await asyncio.sleep(self.writing_seconds)
        if self.log_away:
            raise Unavailable("the log is away")
        return await super().add_to_log(log, entry)

    async def put(self, key: str, value: bytes, ttl: int | None = None) -> None:
        self._answer()
        await super().put(key, value, ttl)

    async def write(self, writes: Sequence[Write]) -> list[int | None]:
        lengths = await super().write(writes)
        self._acknowledge()
        return lengths

    def _acknowledge(self) -> None:
        if self.deaf:
            self.deaf -= 1
            raise Unavailable("the connection was lost")

    def _answer(self) -> None:
        if self.away:
            raise Unavailable("the store is away")


@pytest.fixture
def store() -> WeakStore:
    return WeakStore()


@pytest.fixture
async def concierge(store: WeakStore, tmp_path: Path) -> Concierge:
    service = compose(store, Settings(data=str(tmp_path), deadline_ms=50), lambda: NOW)
    await publish(service)
    return service


@pytest.fixture
async def patient(store: WeakStore, tmp_path: Path) -> Concierge:
    """The service with a deadline that no test reaches."""
    service = compose(store, Settings(data=str(tmp_path), deadline_ms=10_000), lambda: NOW)
    await publish(service)
    return service


async def publish(concierge: Concierge, contact_policy: bool = True) -> None:
    toml, offers = (FOLDER / "concierge.toml").read_bytes(), (FOLDER / "offers.csv").read_bytes()
    if not contact_policy:
        toml = toml[: toml.index(b"[[contact_policy]]")]
    await concierge.publishing.publish_workspace(toml, offers, "offers.csv")
    await concierge.refresher.refresh()


def ask(concierge: Concierge, placement: str = "home", customer: str | None = "ann") -> Ask:
    who = None if customer is None else CustomerId(customer)
    question = DecisionQuestion(PlacementId(placement), customer=who)
    return admit(question, concierge.refresher.snapshot, concierge.clock())


async def journal(store: WeakStore) -> list[DecisionRecord]:
    return [record for record in await log_records(store) if isinstance(record, DecisionRecord)]
