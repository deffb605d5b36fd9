"""The import before the first day: every guest's account, stays and latest browsing."""

import asyncio
from collections.abc import Callable, Iterator

import numpy as np

from loadtest.client import Client
from loadtest.hotel.account import guest_account
from loadtest.hotel.behaviour import Behaviour, past_bookings, past_browsing
from loadtest.hotel.visits import DAY
from loadtest.hotel.world import World
from loadtest.messages import Account, Event

CALLS_AT_ONCE = 8
EVENTS_PER_CALL = 200
_MEMBER_DAYS = 900


def accounts(world: World) -> Iterator[tuple[int, Account]]:
    """What is on file about every guest, in order."""
    random = np.random.default_rng([world.seed, 2])
    for guest in range(world.people.guests):
        since = world.instant(-int(random.integers(1, _MEMBER_DAYS)) * DAY)
        yield guest, guest_account(world.people, guest, since, random)


def pasts(world: World) -> Iterator[tuple[int, list[Behaviour]]]:
    """What every guest did before the first day, in the guests' order."""
    random = np.random.default_rng([world.seed, 3])
    for guest in range(world.people.guests):
        yield guest, past_bookings(world.people, guest, random) + past_browsing(world.people, guest, random)


async def import_guests(client: Client, world: World, advance: Callable[[int], None]) -> None:
    """Put every guest's account; `advance` is told how many more are in."""
    waiting = accounts(world)

    async def put() -> None:
        for guest, account in waiting:
            await client.put_customer(world.people.id(guest), account)
            advance(1)

    await asyncio.gather(*(put() for _ in range(CALLS_AT_ONCE)))


async def import_past(client: Client, world: World, advance: Callable[[int], None]) -> int:
    """Tell every guest's past behaviour, in batches, and return how many events it was; `advance` counts guests."""
    batches = _batches(world)
    told = 0

    async def tell() -> None:
        nonlocal told
        for guests, batch in batches:
            await client.tell(batch)
            told += len(batch)
            advance(guests)

    await asyncio.gather(*(tell() for _ in range(CALLS_AT_ONCE)))
    return told


def _batches(world: World) -> Iterator[tuple[int, list[Event]]]:
    batch: list[Event] = []
    guests = 0
    for guest, past in pasts(world):
        name = world.people.id(guest)
        batch += [
            Event(f"{name}-past-{number}", event.kind, customer=name, at=world.instant(event.at),
                  attributes=event.attributes, value=event.value)
            for number, event in enumerate(past)
        ]  # fmt: skip
        guests += 1
        if len(batch) >= EVENTS_PER_CALL:
            yield guests, batch
            batch, guests = [], 0
    if batch:
        yield guests, batch
