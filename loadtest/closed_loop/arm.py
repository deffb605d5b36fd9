"""Concierge as a policy: the month over HTTP with the real service, and `concierge train` every night."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path as Folder
from time import perf_counter

import msgspec
import numpy as np

from loadtest.bench.server_process import any_port
from loadtest.client import Client
from loadtest.closed_loop.loop_workspace import GOAL, PLACEMENT, loop_workspace
from loadtest.closed_loop.month import Month, offers_text
from loadtest.closed_loop.path import Path
from loadtest.errors import CallFailed, CommandFailed, SwapFailed
from loadtest.hotel.account import visit_context
from loadtest.hotel.arrival import import_guests, import_past
from loadtest.hotel.behaviour import browsing
from loadtest.hotel.demo import make_key
from loadtest.hotel.learning import SWAP_SECONDS, await_model
from loadtest.hotel.themes import THEMES
from loadtest.hotel.visits import DAY
from loadtest.messages import Event, Outcome, Question, Training
from loadtest.service_process import Concierge

VISITS_AT_ONCE = 8
ANSWER_AFTER = 10 * 60_000
_SCOPES = ("decide:web", "outcomes", "profiles", "admin")
_TOO_LITTLE = "collect more decisions"


class Arm(msgspec.Struct, frozen=True):
    """One way of using Concierge: its exploration as an inline table, and further words for `concierge train`.

    `opening` is the exploration until a first trained model serves, where it is another one.
    """

    name: str
    exploration: str
    opening: str = ""
    training: tuple[str, ...] = ()


class Night(msgspec.Struct, frozen=True):
    """What a night's training came to: `promoted`, `refused` or `too little` to learn from; how long it took, and what
    the gate held against the model.
    """

    day: int
    result: str
    seconds: float
    failed: tuple[str, ...] = ()


async def live(arm: Arm, month: Month, nights: list[Night]) -> Path:
    """Live through the month from an empty store on; what every night came to is added to `nights`."""
    path = Path(month)
    async with _opened(arm, month) as (concierge, client):
        visitors = _Visitors(client, path)
        published = _workspace(arm, nights, month, 0)
        for day in range(month.plan.days):
            if (wanted := _workspace(arm, nights, month, day)) != published:
                await _publish(client, *wanted)
                published = wanted
            await visitors.come(range(month.first(day), month.first(day + 1)))
            nights.append(await _train(concierge, client, arm, month, day))
    return path


def _workspace(arm: Arm, nights: list[Night], month: Month, day: int) -> tuple[str, str]:
    """The workspace of a day, and its offers."""
    opens = bool(arm.opening) and all(night.result != "promoted" for night in nights)
    exploration = arm.opening if opens else arm.exploration
    return loop_workspace(exploration), offers_text(with_new=day >= month.plan.offer_day)


@asynccontextmanager
async def _opened(arm: Arm, month: Month) -> AsyncIterator[tuple[Concierge, Client]]:
    """The service with everybody's past, from a new data folder until the block ends."""
    data = Folder(tempfile.mkdtemp(prefix="concierge-loop-"))
    concierge = Concierge(data, log_level="warning")
    try:
        workspace = data / "workspace"
        workspace.mkdir()
        for name, text in zip(("concierge.toml", "offers.csv"), _workspace(arm, [], month, 0), strict=True):
            (workspace / name).write_text(text)
        await concierge.run("publish", str(workspace))
        key = await make_key(concierge, "closed-loop", _SCOPES)
        async with concierge.serving(any_port()) as address, Client(address, key) as client:
            await import_guests(client, month.world, lambda _: None)
            await import_past(client, month.world, lambda _: None)
            yield concierge, client
    finally:
        shutil.rmtree(data, ignore_errors=True)


async def _publish(client: Client, workspace: str, offers: str) -> None:
    version = await client.put_catalogue(workspace, offers)
    begun = perf_counter()
    while await client.serving_catalogue() != version:
        if perf_counter() - begun > SWAP_SECONDS:
            raise SwapFailed("A new catalogue did not come into service in time; GET /health/ready says why.")
        await asyncio.sleep(0.1)


async def _train(concierge: Concierge, client: Client, arm: Arm, month: Month, day: int) -> Night:
    """A night's training, as cron would do it; a model that is promoted serves the next morning."""
    figures, now = concierge.data / "training.json", month.world.instant((day + 1) * DAY)
    words = ("train", "--goal", GOAL, "--now", now, "--threads", "1", "--json", str(figures), *arm.training)
    begun = perf_counter()
    try:
        await concierge.run(*words)
    except CommandFailed as error:
        if _TOO_LITTLE not in " ".join(str(error).split()):
            raise
        return Night(day, "too little", perf_counter() - begun)
    seconds = perf_counter() - begun
    made = msgspec.json.decode(figures.read_bytes(), type=Training)
    failed = tuple(check.name for check in made.gate.checks if not check.passed)
    if not made.in_use:
        return Night(day, "refused", seconds, failed)
    await await_model(client, made.version)
    return Night(day, "promoted", seconds, failed)


class _Visitors:
    """Comes to the website in order of time, several at once, but nobody twice at once."""

    def __init__(self, client: Client, path: Path) -> None:
        self._client = client
        self._path = path
        self._month = path.month
        self._row = path.month.world.offers.row

    async def come(self, visits: range) -> None:
        """A day's visits."""
        people = self._month.visits.person
        chains: dict[int, list[int]] = {}
        for visit in visits:
            chains.setdefault(int(people[visit]), []).append(visit)
        waiting = iter(chains.values())
        async with asyncio.TaskGroup() as group:
            for _ in range(VISITS_AT_ONCE):
                group.create_task(self._serve(waiting))

    async def _serve(self, waiting: Iterator[list[int]]) -> None:
        for chain in waiting:
            for visit in chain:
                await self._visit(visit)

    async def _visit(self, visit: int) -> None:
        world, at = self._month.world, int(self._month.visits.at[visit])
        customer, visitor = self._subject(visit)
        random = np.random.default_rng([world.seed, 4, visit])
        seen = browsing(self._month.people(visit), world.visits, visit, random)
        await self._client.tell([
            Event(f"visit-{visit}-{number}", event.kind, customer=customer, visitor=visitor, at=world.instant(event.at),
                  attributes=event.attributes, value=event.value)
            for number, event in enumerate(seen)
        ])  # fmt: skip
        context = visit_context(world.people, world.visits, visit)
        question = Question(PLACEMENT, customer=customer, visitor=visitor, context=context, at=world.instant(at))
        slate, _ = await self._client.decide(question)
        if slate.degraded:
            raise CallFailed(f"Decision {slate.decision} had to do without {slate.degraded}: the loop would be unfair.")
        if not slate.offers:
            return
        offer = slate.offers[0].offer
        row = self._row[offer]
        if not self._path.show(visit, row):
            return
        answered = world.instant(at + ANSWER_AFTER)
        margin = float(world.offers.margin[row])
        await self._client.report([
            Outcome(f"visit-{visit}", slate.decision, offer, "accept", at=answered, value=margin)
        ])  # fmt: skip
        if THEMES[world.offers.theme[row]].stay:
            price = float(world.offers.price[row])
            booking = Event(f"visit-{visit}-booking", "booking", customer, visitor, answered, value=price)
            await self._client.tell([booking])

    def _subject(self, visit: int) -> tuple[str | None, str | None]:
        person = int(self._month.visits.person[visit])
        name = self._month.world.people.id(person)
        return (name, None) if person < self._month.world.people.guests else (None, name)
