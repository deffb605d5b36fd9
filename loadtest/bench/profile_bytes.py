"""`bytes_per_profile`: what a customer's profile and contact history take of the store's memory."""

import json
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
from redis.asyncio import Redis
from rich.console import Console

from loadtest.bench.effort import Effort
from loadtest.bench.errors import Mismatch
from loadtest.bench.figure import Figure, Outcome, Series, at_most, divide
from loadtest.bench.hotel_service import SCOPES
from loadtest.bench.hotel_workspace import CAPPED, write_workspace
from loadtest.bench.server_process import any_port, valkey
from loadtest.client import Client
from loadtest.hotel.arrival import import_guests, import_past
from loadtest.hotel.demo import make_key
from loadtest.hotel.world import Size, World, make_world
from loadtest.messages import Question
from loadtest.service_process import Concierge

AIM = 300.0
_PARTS = 5
"""Rounds: each weighs other people."""
_SHOWN_TO_ONE_IN = 2
"""Every other customer has been shown a slate."""
_SAMPLED = 500


async def measure_bytes(console: Console, effort: Effort) -> AsyncIterator[Outcome]:
    """Import guests with their past into an empty store and weigh it; half of them are then shown a slate."""
    data = Path(tempfile.mkdtemp(prefix="concierge-bench-"))
    try:
        async with valkey(durable=False) as socket, Redis(unix_socket_path=str(socket)) as store:
            concierge = Concierge(data, log_level="warning", store=f"unix://{socket}")
            write_workspace(data / "workspace")
            await concierge.run("publish", str(data / "workspace"))
            key = await make_key(concierge, "bench", SCOPES)
            async with concierge.serving(any_port(), 1) as address, Client(address, key) as client:
                yield await _weigh(console, client, store, effort.profiles)
    finally:
        shutil.rmtree(data, ignore_errors=True)


async def _weigh(console: Console, client: Client, store: Redis, people: int) -> Figure:
    world = make_world(1, int(time.time() * 1000), Size(guests=people, visitors=10, web=100, calls=10, mails=10))
    before = await _used(store)
    begun = time.perf_counter()
    with console.status(f"Importing {people:,} guests with their past, to weigh them"):
        await import_guests(client, world, lambda _: None)
        events = await import_past(client, world, lambda _: None)
        await _show(client, world)
    seconds = time.perf_counter() - begun
    whole = (await _used(store) - before) / people
    sizes, shares = await _sample(store, people)
    ours, theirs = await _rounds(client, store, sizes)
    return Figure(
        name="bytes_per_profile",
        case=f"{people:,} guests, {events / people:.1f} past events each, every other one shown a slate",
        against="the same profile as JSON in the same store",
        unit="bytes beyond the key",
        ratio=divide(ours, theirs),
        ours=Series.of(ours),
        theirs=Series.of(theirs),
        checked="each weighed profile was read back over HTTP",
        goals=(at_most("bytes beyond the key", Series.of(ours), AIM),),
        details={
            "the whole store, bytes per guest": Series.of([whole]),
            **{f"keys {name}:…, bytes per guest": Series.of([share]) for name, share in sorted(shares.items())},
        },
        notes=(f"imported in {seconds:.0f} s",),
    )


async def _show(client: Client, world: World) -> None:
    """Half of the guests have a contact history."""
    guests = range(0, world.people.guests, _SHOWN_TO_ONE_IN)
    async for slate in client.decide_many(Question(CAPPED, customer=world.people.id(guest)) for guest in guests):
        if not slate.offers:
            raise Mismatch("a guest was shown nothing, so that there is no contact history to weigh")


async def _used(store: Redis) -> int:
    return int((await store.info("memory"))["used_memory"])


Sizes = dict[str, dict[str, int]]
"""Bytes beyond the key by customer and kind of key."""


async def _sample(store: Redis, people: int) -> tuple[Sizes, dict[str, float]]:
    """The keys of sampled guests, and for every kind of key what it takes per guest, the key included."""
    wanted = {f"guest-{guest:05d}" for guest in np.linspace(0, people - 1, _SAMPLED * _PARTS, dtype=int)}
    sizes: Sizes = {guest: {} for guest in wanted}
    totals: dict[str, float] = {}
    weighed: dict[str, list[int]] = {}
    async for key in store.scan_iter(count=2000):
        name = key.decode()
        kind, _, rest = name.partition(":")
        totals[kind] = totals.get(kind, 0) + 1
        guest = rest.strip("{}").removeprefix("c:")
        if guest in wanted or totals[kind] % 97 == 1:
            size = int(await store.memory_usage(key, samples=0) or 0)
            weighed.setdefault(kind, []).append(size)
            if guest in wanted:
                sizes[guest][kind] = size - len(key)
    return sizes, {kind: totals[kind] * float(np.mean(weighed[kind])) / people for kind in totals}


async def _rounds(client: Client, store: Redis, sizes: Sizes) -> tuple[list[float], list[float]]:
    """Mean bytes of each fifth of the sample: ours, and as JSON."""
    ours: list[float] = []
    theirs: list[float] = []
    guests = sorted(sizes)
    for part in range(_PARTS):
        taken = guests[part::_PARTS]
        ours.append(float(np.mean([sum(sizes[guest].values()) for guest in taken])))
        weights = []
        for guest in taken:
            known = json.loads(await client.get(f"/v1/customers/{guest}"))
            if not known["attributes"]:
                raise Mismatch(f"{guest} was weighed, but nothing is known of them")
            await store.set("weighed", json.dumps(known))
            weights.append(int(await store.memory_usage("weighed", samples=0) or 0) - len("weighed"))
        theirs.append(float(np.mean(weights)))
    return ours, theirs
