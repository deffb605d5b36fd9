"""Whoever looks at a campaign's bar learns that the store is away, and in the end how to go on."""

import asyncio
from io import StringIO

import pytest
from rich.console import Console

from decision.command import campaign_progress
from decision.command.campaign_progress import CampaignProgress
from decision.store.redis import RedisStore
from rules.errors import Unavailable


@pytest.mark.parametrize("terminal", [True, False])
async def test_a_store_that_is_away_is_told(
    terminal: bool, valkey_store: RedisStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(campaign_progress, "PING_SECONDS", 0.01)
    nowhere = RedisStore.connect("redis://127.0.0.1:1")
    said = StringIO()
    with CampaignProgress(Console(file=said, width=80, force_terminal=terminal)) as bar:
        async with bar.watching(valkey_store):
            await asyncio.sleep(0.1)
        with pytest.raises(Unavailable) as other:
            await fail(bar, valkey_store)
        assert str(other.value) == "a worker died"
        assert "does not answer" not in said.getvalue()
        with pytest.raises(Unavailable, match=r"a worker died .*run the same command again, and it goes on"):
            await fail(bar, nowhere)
    assert "The store does not answer; it is waited for" in said.getvalue()
    await nowhere.close()


async def fail(bar: CampaignProgress, store: RedisStore) -> None:
    async with bar.watching(store):
        await asyncio.sleep(0.2)
        raise Unavailable("a worker died")
