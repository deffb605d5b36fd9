"""A campaign killed anywhere, again and again, while profiles change: everybody is decided once, and nobody twice."""

import asyncio
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest
import redis

from decision.journal.settling import settle
from decision.store.redis import RedisStore
from rules.ids import CustomerId
from tests.decision.campaign import doomed_campaign
from tests.decision.campaign.hall import FAMILIES, LIMITS, Hall, output, write_names

GUESTS = 600
KILLS = 21


async def live(url: str, data: Path, audience: Path, placement: str, out: Path, dooms: Sequence[str]) -> list[str]:
    """Run a life for each doom; what became of them."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        doomed_campaign.__file__,
        *(url, str(data), str(audience), placement, str(out)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    ends = []
    for fate in dooms:
        process.stdin.write(f"{fate}\n".encode())
        await process.stdin.drain()
        ends.append(f"{fate.split()[0]} {(await process.stdout.readline()).decode().strip()}")
    process.stdin.close()
    await process.wait()
    return ends


def doom(number: int, drawn: Random) -> str:
    point = doomed_campaign.POINTS[number % len(doomed_campaign.POINTS)] if number < KILLS else "never"
    most = {"milliseconds": 250, "unreserved": 50, "reserved": 50}.get(point, 2)
    return f"{point} {drawn.randrange(150 if point == 'milliseconds' else 1, most)}"


@pytest.mark.parametrize(("placement", "more"), [("mail", ""), ("home", ""), ("mail", LIMITS)])
async def test_everybody_is_decided_once(
    placement: str, more: str, valkey_url: str, valkey_store: RedisStore, tmp_path: Path
) -> None:
    hall = Hall(valkey_store, tmp_path / "data")
    guests = await hall.open(GUESTS, more)
    audience = write_names(tmp_path / "audience.csv", [*guests, "stranger", *guests[:3]])
    out = tmp_path / "out.parquet"
    drawn = Random()
    dooms = [doom(number, drawn) for number in range(KILLS + 1)]
    changing = asyncio.create_task(change(hall, guests, drawn))
    ends = Counter(await live(valkey_url, hall.data, audience, placement, out, dooms))
    changing.cancel()

    assert ends["never finished"] == 1
    killed = {end.removesuffix(" killed") for end in ends if end.endswith("killed")}
    # A fast machine may have finished before so many milliseconds are over.
    assert killed | {"milliseconds"} == {*doomed_campaign.POINTS}
    assert not [end for end in ends if end.endswith("failed")]
    rows = output(out)
    assert [customer for customer, _, _ in rows] == sorted([*guests, "stranger"])
    await settle(valkey_store, hall.data)
    assert hall.journalled() == rows
    contacts = await hall.contacts([*guests])
    shown = {customer: len(offers) for customer, _, offers in rows}
    assert contacts == {guest: shown[guest] for guest in guests}
    assert sum(contacts.values()) > 300
    if more:
        given = Counter(offer for _, _, offers in rows for offer in offers)
        assert max(given[offer] for offer in FAMILIES) <= 120
        taken = [(sum(given.values()), 0), *((given[offer], 0) for offer in FAMILIES)]
        assert sorted(await hall.counted(valkey_store)) == sorted(taken)


async def change(hall: Hall, guests: Sequence[CustomerId], drawn: Random) -> None:
    """Whoever is decided anew would be decided otherwise."""
    while True:
        await hall.change(drawn.sample(guests, 20))
        await asyncio.sleep(0.05)


async def test_kills_change_nothing_of_what_is_decided(
    valkey_url: str, valkey_store: RedisStore, tmp_path: Path
) -> None:
    drawn = Random()
    outputs = []
    for way in ("killed", "whole"):
        with redis.Redis.from_url(valkey_url) as client:
            client.flushall()
        hall = Hall(valkey_store, tmp_path / way)
        audience = write_names(tmp_path / "audience.csv", await hall.open(GUESTS, LIMITS))
        dooms = [doom(number, drawn) for number in range(KILLS + 1)] if way == "killed" else ["never 1"]
        ends = await live(valkey_url, hall.data, audience, "mail", tmp_path / f"{way}.parquet", dooms)
        assert ends[-1] == "never finished"
        paths = (tmp_path / f"{way}{ending}" for ending in (".parquet", ".summary.json"))
        outputs.append([path.read_bytes() for path in paths])
    assert outputs[0] == outputs[1]
