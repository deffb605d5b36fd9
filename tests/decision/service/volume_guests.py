"""Runs workers that decide within volume limits and may be killed with SIGKILL on the way.

Usage: `volume_guests.py URL DATA cluster|server`. Each line of input, `POINT N`, is one worker, a fork of this process:
it is killed when it comes to a point for the Nth time (`held`, `written`), after N milliseconds (`milliseconds`), or
never (`never`). It says `shown OFFER` for each offer of an answer, `degraded PART` for each part that one went without,
and `done` once nothing limited is left.
"""

import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

from decision.clock import wall_clock
from decision.composition import compose
from decision.keys import volume_key
from decision.logs import configure_logs
from decision.service.admission import admit
from decision.service.question import DecisionQuestion
from decision.service.volumes import Volumes
from decision.settings import Settings
from decision.store.memory import MemoryStore
from decision.store.port import Held, Hold, Write
from decision.store.redis import RedisStore
from rules.ids import CustomerId, PlacementId, VolumeId
from tests.decision.small_workspace import FOLDER

HOLD_MILLISECONDS = 400
PATIENCE_SECONDS = 60.0
MOST_FAMILIES = 350
AT_ONCE = 8
LIMITS = f"""
[[volume]]
id = "rooms"
offers = "offer.theme == 'family'"
per = "id"
at_most = 150

[[volume]]
id = "families"
offers = "offer.theme == 'family'"
at_most = {MOST_FAMILIES}
"""


class DoomedStore(RedisStore):
    """A store whose user is killed once so many holds, or writes, were acknowledged."""

    point = "never"
    left = 0

    async def hold(self, holds: Sequence[Hold]) -> list[Held]:
        held = await super().hold(holds)
        self._come_to("held")
        return held

    async def write(self, writes: Sequence[Write]) -> list[int | None]:
        given = await super().write(writes)
        self._come_to("written")
        return given

    def _come_to(self, point: str) -> None:
        if point == self.point:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


async def decide_until_all_is_gone(store: RedisStore | MemoryStore, data: str, rounds: int) -> None:
    """Decide for many at once, round after round; until nothing limited was shown for longer than a hold lasts.

    While anything is left, that is a busy machine: then a worker gives up only after `PATIENCE_SECONDS`.
    """
    service = compose(store, Settings(data=data, deadline_ms=20_000))
    volumes = Volumes(store, wall_clock, HOLD_MILLISECONDS)
    service.deciding._volumes = volumes
    await service.refresher.refresh()
    snapshot, random = service.refresher.snapshot, Random()
    assert snapshot is not None
    last = time.monotonic()
    for _ in range(rounds):
        asks = [
            admit(DecisionQuestion(PlacementId("call"), CustomerId(f"{random.random()}")), snapshot, wall_clock())
            for _ in range(AT_ONCE)
        ]
        for answer in await asyncio.gather(*map(service.deciding.decide, asks)):
            offers = [shown.offer for shown in answer.offers]
            said = [f"shown {offer}\n" for offer in offers] + [f"degraded {part}\n" for part in answer.degraded]
            os.write(1, "".join(said).encode())
            if any(offer.endswith("-family") for offer in offers):
                last = time.monotonic()
        # What a killed one held is back by then, and what was remembered is forgotten.
        quiet = time.monotonic() - last
        if quiet > 2 * HOLD_MILLISECONDS / 1000 + 1.0:
            # What this one took and did not show is for sale once more.
            await service.deciding.finish()
            if quiet > PATIENCE_SECONDS or await _sold_out(store):
                break
    os.write(1, b"done\n")


async def _sold_out(store: RedisStore | MemoryStore) -> bool:
    return await store.count([volume_key(VolumeId("families"), None, None, "total")]) == [(MOST_FAMILIES, 0)]


async def _work(url: str, data: str, cluster: bool, point: str, count: int) -> None:
    store = DoomedStore.connect(url, cluster)
    assert isinstance(store, DoomedStore)
    store.point, store.left = point, count
    if point == "milliseconds":
        threading.Thread(target=_die_in, args=(count,), daemon=True).start()
    await decide_until_all_is_gone(store, data, 100_000)
    await store.close()


def _die_in(milliseconds: int) -> None:
    time.sleep(milliseconds / 1000)
    os.kill(os.getpid(), signal.SIGKILL)


async def publish(store: RedisStore | MemoryStore, data: Path) -> None:
    """Put the small workspace with these limits, and without a contact policy, to use."""
    toml, offers = (FOLDER / "concierge.toml").read_text(), (FOLDER / "offers.csv").read_bytes()
    service = compose(store, Settings(data=str(data)))
    toml = toml[: toml.index("[[contact_policy]]")] + LIMITS
    await service.publishing.publish_workspace(toml.encode(), offers, "offers.csv")


async def _warm(data: str) -> None:
    store = MemoryStore()
    await publish(store, Path(data))
    await decide_until_all_is_gone(store, data, 2)


def main() -> None:
    """Fork a worker for each line of input, and wait for all of them."""
    url, data, kind = sys.argv[1:]
    configure_logs("error")
    said, silent = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    asyncio.run(_warm(data))
    os.dup2(said, 1)
    os.write(1, b"ready\n")
    children = []
    for line in iter(sys.stdin.readline, ""):
        point, count = line.split()
        child = os.fork()
        if child == 0:
            asyncio.run(_work(url, data, kind == "cluster", point, int(count)))
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
