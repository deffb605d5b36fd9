"""A campaign killed anywhere, again and again, while profiles change: everybody is decided once, and nobody twice."""

import asyncio
import sys
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from decision.store.redis import RedisStore
from tests.decision.campaign import doomed_campaign
from tests.decision.campaign.hall import FAMILIES, LIMITS, Hall, output, write_names

GUESTS = 600
KILLS = 21


@pytest.mark.parametrize(("placement", "more"), [("mail", ""), ("home", ""), ("mail", LIMITS)])
async def test_everybody_is_decided_once(
    placement: str, more: str, valkey_url: str, valkey_store: RedisStore, tmp_path: Path
) -> None:
    hall = Hall(valkey_store, tmp_path / "data")
    guests = await hall.open(GUESTS, more)
    audience = write_names(tmp_path / "audience.csv", [*guests, "stranger", *guests[:3]])
    out = tmp_path / "out.parquet"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        doomed_campaign.__file__,
        *(valkey_url, str(hall.data), str(audience), placement, str(out)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    drawn = Random()
    ends: Counter[tuple[str, str]] = Counter()
    for kill in range(KILLS + 1):
        point = doomed_campaign.POINTS[kill % len(doomed_campaign.POINTS)] if kill < KILLS else "never"
        most = {"milliseconds": 500, "unreserved": 50, "reserved": 50}.get(point, 2)
        count = drawn.randrange(150 if point == "milliseconds" else 1, most)
        process.stdin.write(f"{point} {count}\n".encode())
        await process.stdin.drain()
        ends[point, (await process.stdout.readline()).decode().strip()] += 1
        # Whoever is decided anew would be decided otherwise.
        await hall.change(drawn.sample(guests, 60))
    process.stdin.close()
    await process.wait()

    assert "failed" not in {end for _, end in ends}
    assert ends["never", "finished"] == 1
    killed = {point for point, end in ends if end == "killed"}
    assert killed == set(doomed_campaign.POINTS)
    rows = output(out)
    assert [customer for customer, _, _ in rows] == sorted([*guests, "stranger"])
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
