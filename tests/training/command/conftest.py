"""A store with visits in it, for commands to run on."""

import asyncio
from functools import cache
from pathlib import Path

import pytest

from decision.journal.journal import Journal
from decision.journal.record import DecisionRecord, OutcomeRecord
from decision.settings import Settings
from decision.store.opening import open_store
from decision.version.registry import Registry
from rules.package import unpack
from tests.training.command.running import PACKAGE, VISITS
from tests.training.shop import START, visits


@pytest.fixture
def settings(tmp_path: Path, valkey_url: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A store with the workspace in use and visits in its log, not yet in segments."""
    settings = Settings(store=valkey_url, data=str(tmp_path / "data"))
    monkeypatch.setenv("CONCIERGE_STORE", settings.store)
    monkeypatch.setenv("CONCIERGE_DATA", settings.data)
    asyncio.run(_fill(settings))
    return settings


@cache
def _records() -> tuple[DecisionRecord | OutcomeRecord, ...]:
    decisions, outcomes = visits(unpack(PACKAGE), VISITS, 1)
    return (*decisions, *outcomes)


async def _fill(settings: Settings) -> None:
    async with open_store(settings) as store:
        registry, journal = Registry(store), Journal(store, settings.folder)
        await registry.activate("catalogue", await registry.put("catalogue", PACKAGE, START))
        await asyncio.gather(*(journal.append(record) for record in _records()))
