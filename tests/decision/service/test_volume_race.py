"""Workers that decide at the same time over a real store, and are killed on the way: never a unit too many."""

import asyncio
import random
import sys
from collections import Counter
from pathlib import Path

import pytest

from decision.keys import volume_key
from decision.store.redis import RedisStore
from rules.ids import VolumeId
from tests.decision.service import volume_guests
from tests.decision.service.volume_guests import MOST_FAMILIES

KILLS = 9
SURVIVORS = 2
MOST = {"alba-family": 150, "brisa-family": 150, "corte-family": 150}


@pytest.fixture(params=["valkey", "cluster"])
def server(request: pytest.FixtureRequest) -> tuple[str, str, RedisStore]:
    """What kind of store it is, its URL, and the store."""
    url: str = request.getfixturevalue("valkey_url" if request.param == "valkey" else "cluster_server")
    store: RedisStore = request.getfixturevalue(f"{request.param}_store")
    return request.param, url, store


async def test_no_unit_too_many_is_shown_and_what_killed_workers_held_comes_back(
    server: tuple[str, str, RedisStore], tmp_path: Path
) -> None:
    kind, url, store = server
    await volume_guests.publish(store, tmp_path)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        volume_guests.__name__,
        url,
        str(tmp_path),
        kind,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert (await process.stdout.readline()).strip() == b"ready"
    drawn = random.Random()
    for kill in range(KILLS):
        point, most = (("held", 20), ("written", 20), ("milliseconds", 200))[kill % 3]
        process.stdin.write(f"{point} {drawn.randrange(1, most)}\n".encode())
    process.stdin.write(b"never 0\n" * SURVIVORS)
    process.stdin.write_eof()
    said = Counter([line.decode().strip() async for line in process.stdout])
    await process.wait()

    shown = {offer: said[f"shown {offer}"] for offer in MOST}
    killed = KILLS + SURVIVORS - said["done"]
    counters = [volume_key(VolumeId("rooms"), None, offer, "total") for offer in MOST]
    *taken, (families, held) = await store.count([*counters, volume_key(VolumeId("families"), None, None, "total")])
    print(f"{kind}: {killed} workers killed; shown {shown}; taken {taken} and {families} of {MOST_FAMILIES}")
    assert killed >= KILLS / 2
    assert all(shown[offer] <= one <= MOST[offer] for offer, (one, _) in zip(MOST, taken, strict=True))
    assert sum(shown.values()) <= MOST_FAMILIES
    # What was held for nothing came back, and was sold.
    assert (families, held) == (MOST_FAMILIES, 0)
    assert sum(one for one, _ in taken) == MOST_FAMILIES
    # A slate that was written down by somebody who was killed before the answer is all that may be missing.
    assert MOST_FAMILIES - sum(shown.values()) <= killed * volume_guests.AT_ONCE * 2
