"""The whole service over the store in memory, called through its ASGI application."""

import asyncio
import copy
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from litestar import Litestar

from decision.access.api_keys import ApiKeys
from decision.composition import compose
from decision.engine.snapshot import Snapshot
from decision.http.app import attach, create_app
from decision.service.concierge import Concierge
from decision.settings import Settings
from decision.store.memory import MemoryStore
from rules.ids import Instant
from rules.instant import parse_instant

WORKSPACE = Path("tests/workspaces/small")
ALL_SCOPES = ("decide:web", "decide:call-center", "decide:email", "decide:app", "outcomes", "profiles", "admin")

BODY_LIMIT = 50_000
NOW = parse_instant("2026-04-01T12:00:00Z")

Caller = Callable[..., Awaitable[httpx.AsyncClient]]


class HandClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: Instant) -> None:
        self.now = now

    def __call__(self) -> Instant:
        return self.now

    def seconds(self) -> float:
        return self.now / 1000


@pytest.fixture
def clock() -> HandClock:
    return HandClock(NOW)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=str(tmp_path), body_limit=BODY_LIMIT)


@pytest.fixture(scope="session")
def published() -> tuple[MemoryStore, Snapshot]:
    """A store with the small workspace published, and the snapshot of it; both are made once."""
    store = MemoryStore(HandClock(NOW).seconds)

    async def publish() -> Snapshot:
        service = compose(store, Settings(), HandClock(NOW))
        toml, offers = (WORKSPACE / "concierge.toml").read_bytes(), (WORKSPACE / "offers.csv").read_bytes()
        await service.publishing.publish_workspace(toml, offers, "offers.csv")
        await service.refresher.refresh()
        assert service.refresher.snapshot is not None
        return service.refresher.snapshot

    return store, asyncio.run(publish())


@pytest.fixture
def store(clock: HandClock, published: tuple[MemoryStore, Snapshot]) -> MemoryStore:
    own = MemoryStore(clock.seconds)
    vars(own).update({name: copy.deepcopy(held) for name, held in vars(published[0]).items() if name != "_clock"})
    return own


@pytest.fixture
def concierge(
    store: MemoryStore, settings: Settings, clock: HandClock, published: tuple[MemoryStore, Snapshot]
) -> Concierge:
    """The service with the small workspace published."""
    service = compose(store, settings, clock)
    service.refresher.snapshot = published[1]
    return service


@pytest.fixture(scope="session")
def app() -> Litestar:
    """The application, made once; each test attaches its own service."""
    return create_app(Settings(body_limit=BODY_LIMIT))


@pytest.fixture
async def calling(app: Litestar, concierge: Concierge, store: MemoryStore, clock: HandClock) -> AsyncIterator[Caller]:
    """Gives a client whose key has the scopes asked for."""

    attach(app, concierge)
    clients: list[httpx.AsyncClient] = []

    async def call(*scopes: str) -> httpx.AsyncClient:
        secret, _ = await ApiKeys(store).create("test", scopes, clock())
        headers = {"Authorization": f"Bearer {secret}"}
        clients.append(
            httpx.AsyncClient(transport=httpx.ASGITransport(cast("Any", app)), base_url="http://test", headers=headers)
        )
        return clients[-1]

    yield call
    for client in clients:
        await client.aclose()


@pytest.fixture
async def client(calling: Caller) -> httpx.AsyncClient:
    """A client that may do everything."""
    return await calling(*ALL_SCOPES)
