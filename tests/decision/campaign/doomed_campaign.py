"""Runs a campaign in processes that are killed with SIGKILL: at the nth time they come to a point, or after a time.

Usage: `doomed_campaign.py URL DATA AUDIENCE PLACEMENT OUT`. Each line of input, `POINT N`, is one life of a process
that begins the campaign or goes on with it; the answer is `killed`, `finished` or `failed`. Every life is a fork of
this process, which has imported everything and done nothing.
"""

import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from pathlib import Path
from typing import ParamSpec, TypeVar

from rich.console import Console

from decision.campaign.beginning import Wish
from decision.campaign.campaign import CampaignId, Order
from decision.campaign.hands import Crew
from decision.campaign.workshop import order_snapshot
from decision.command.campaign_run import CampaignShow
from decision.settings import Settings
from decision.store.redis import RedisStore
from decision.version.registry import CATALOGUE_SLOT, Registry
from rules.ids import CatalogueVersion, PlacementId
from rules.instant import parse_instant

NOW = parse_instant("2026-04-15T10:00:00Z")

POINTS = ("unreserved", "reserved", "unwritten", "written", "unrenamed", "renamed", "milliseconds")

Arguments = ParamSpec("Arguments")
Given = TypeVar("Given")


class Doom:
    """Kills this process when it comes to a point for the nth time."""

    def __init__(self, point: str, count: int) -> None:
        self._point = point
        self._left = count

    def at(self, point: str) -> None:
        if point == self._point:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def around(
        self, before: str, function: Callable[Arguments, Awaitable[Given]], after: str
    ) -> Callable[Arguments, Awaitable[Given]]:
        async def wrapped(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Given:
            self.at(before)
            result = await function(*args, **kwargs)
            self.at(after)
            return result

        return wrapped


def _live(url: str, data: str, audience: Path, placement: str, out: Path, doom: Doom) -> None:
    RedisStore.append_once = doom.around("unreserved", RedisStore.append_once, "reserved")  # type: ignore[method-assign,assignment]
    RedisStore.write = doom.around("unwritten", RedisStore.write, "written")  # type: ignore[method-assign,assignment]
    rename = os.rename

    def renaming(old: Path, new: Path) -> None:
        doom.at("unrenamed")
        rename(old, new)
        doom.at("renamed")

    os.rename = renaming  # type: ignore[assignment]
    wish = Wish("audience", "digest", PlacementId(placement), out, NOW, CampaignId("doomed"), chunk=50)
    crew = Crew(lambda: ThreadPoolExecutor(1), 1)
    show = CampaignShow(Settings(store=url, data=data), wish, audience, crew, Console(file=StringIO()))
    assert asyncio.run(show.run())


def _fork(arguments: list[str], point: str, count: int) -> str:
    child = os.fork()
    if child == 0:
        if point == "milliseconds":
            threading.Thread(target=_in_time, args=(count,), daemon=True).start()
        url, data, audience, placement, out = arguments
        _live(url, data, Path(audience), placement, Path(out), Doom(point, count))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return "killed" if os.WIFSIGNALED(status) else "failed" if status else "finished"


def _in_time(milliseconds: int) -> None:
    time.sleep(milliseconds / 1000)
    os.kill(os.getpid(), signal.SIGKILL)


async def _warm(url: str, placement: str) -> None:
    """Load what is compiled, once for all lives."""
    store = RedisStore.connect(url)
    version = (await Registry(store).current("catalogue"))[CATALOGUE_SLOT]
    order = Order(CampaignId("warm"), PlacementId(placement), NOW, CatalogueVersion(version), None)
    await order_snapshot(order, store)
    await store.close()


if __name__ == "__main__":
    asyncio.run(_warm(sys.argv[1], sys.argv[4]))
    for line in sys.stdin:
        point, count = line.split()
        print(_fork(sys.argv[1:], point, int(count)), flush=True)
