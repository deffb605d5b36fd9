"""Concierge serving the hotel group on one worker: 1000 offers, twenty rules, a model, customers with a past."""

import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import msgspec
import numpy as np
from rich.console import Console

from loadtest.bench.effort import Effort
from loadtest.bench.errors import Overload
from loadtest.bench.hotel_workspace import CAPPED, write_workspace
from loadtest.bench.kernels.hotel_model import HotelModel, grow_model
from loadtest.bench.pressing import press
from loadtest.bench.process_time import ProcessTime, service_time
from loadtest.bench.rest import rest
from loadtest.bench.server_process import any_port
from loadtest.bench.wire import post
from loadtest.client import Client
from loadtest.errors import CallFailed
from loadtest.hotel.account import visit_context
from loadtest.hotel.arrival import import_guests, import_past
from loadtest.hotel.demo import make_key
from loadtest.hotel.learning import await_model
from loadtest.hotel.visits import WEB
from loadtest.hotel.world import Size, World, make_world
from loadtest.messages import Question
from loadtest.service_process import Concierge

SCOPES = ("decide:web", "decide:app", "decide:call-center", "decide:email", "outcomes", "profiles", "admin")
_QUESTIONS = 15_000
"""So many that nobody is asked for much more often than a guest comes."""
_WARM_UP_SECONDS = 2.0
_SEED = 1
_FRESH = 20
"""One guest in so many is kept apart: nothing was ever shown to them."""


class HotelService(msgspec.Struct, frozen=True, eq=False):
    """The running service; `model` ranks, `other` is another forest of the same size; `moment` is when it began."""

    address: str
    key: str
    client: Client
    world: World
    model: HotelModel
    other: HotelModel
    moment: str

    def questions(self, placement: str = CAPPED, count: int = _QUESTIONS, *, fresh: bool = False) -> list[Question]:
        """What known guests ask on the web, in an order of no pattern.

        `fresh`: nothing is written, nobody is asked for who was shown anything before, and the moment is given.
        """
        plan, people = self.world.visits, self.world.people
        random = np.random.default_rng([_SEED, 21, fresh])
        visits = np.flatnonzero((plan.channel == WEB) & (plan.person < people.guests))
        kept = people.guests - people.guests // _FRESH
        first, last = (kept, people.guests) if fresh else (0, kept)
        return [
            Question(
                placement,
                customer=people.id(int(random.integers(first, last))),
                context=visit_context(people, plan, int(visit)),
                dry_run=fresh,
                at=self.moment if fresh else None,
            )
            for visit in random.choice(visits, count)
        ]

    def requests(self, questions: Sequence[Question], path: str = "/v1/decisions") -> list[bytes]:
        """The same as whole HTTP requests."""
        return [post("127.0.0.1", path, msgspec.json.encode(question), self.key) for question in questions]

    async def ask(self, question: Question, address: str | None = None, path: str = "/v1/decisions") -> bytes:
        """The body of one answer, of this service or of another one that takes the same question."""
        headers = {"authorization": f"Bearer {self.key}", "content-type": "application/json"}
        async with (
            aiohttp.ClientSession(address or self.address, headers=headers) as session,
            session.post(path, data=msgspec.json.encode(question)) as response,
        ):
            if response.status != 200:
                raise CallFailed(f"POST {path}: {response.status} {await response.text()}")
            return await response.read()

    def time(self) -> ProcessTime | None:
        """The processor time of the service so far."""
        return service_time(os.getpid())

    async def rest(self) -> float:
        """Wait until it has done what the load before left it to do; gives the seconds. Raises `Overload`."""
        return await rest(self.time)


@asynccontextmanager
async def open_hotel_service(console: Console, effort: Effort) -> AsyncIterator[HotelService]:
    """Publish, import, swap the model in, and decide for a while, so that there is a contact history."""
    size = Size(guests=effort.customers, visitors=50, web=4000, calls=50, mails=50)
    world = make_world(_SEED, int(time.time() * 1000), size)
    data = Path(tempfile.mkdtemp(prefix="concierge-bench-"))
    toml, offers = write_workspace(data / "workspace")
    with console.status("Growing two forests for the hotel group"):
        model, other = (grow_model(world, toml, offers, seed) for seed in (1, 2))
    concierge = Concierge(data, log_level="warning")
    try:
        await concierge.run("publish", str(data / "workspace"))
        key = await make_key(concierge, "bench", SCOPES)
        async with concierge.serving(any_port(), 1) as address, Client(address, key) as client:
            service = HotelService(address, key, client, world, model, other, _now())
            with console.status(f"Importing {effort.customers:,} guests and their past"):
                await import_guests(client, world, lambda _: None)
                await import_past(client, world, lambda _: None)
            await swap(client, model)
            with console.status("Deciding for a while, so that there is a contact history"):
                await _warm_up(service)
            yield service
    finally:
        shutil.rmtree(data, ignore_errors=True)


def _now() -> str:
    return f"{np.datetime64(int(time.time() * 1000), 'ms')}Z"


async def swap(client: Client, model: HotelModel) -> None:
    """Publish a model and wait until the worker ranks with it."""
    version = await client.put_model(model.blob)
    await await_model(client, version)


async def _warm_up(service: HotelService) -> None:
    """The first decisions compile and fill caches, and may be late; the second ones may not."""
    requests = service.requests(service.questions())
    await press(service.address, requests, connections=16, seconds=_WARM_UP_SECONDS, whole=False)
    slate, _ = await service.client.decide(service.questions(count=1, fresh=True)[0])
    if slate.model is None or slate.degraded or len(slate.offers) != 3:
        raise Overload(f"The service does not decide as it should before the measuring: {slate}.")
