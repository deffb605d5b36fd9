"""A mixed run from an empty folder to its replay."""

import asyncio
import re
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import msgspec
from pyarrow import parquet
from rich.console import Console

from loadtest.bench.kernels.hotel_model import grow_model
from loadtest.campaign import guests as profiles
from loadtest.campaign.workspace import PLACEMENT, write_workspace
from loadtest.client import Client
from loadtest.errors import CommandFailed
from loadtest.hotel.demo import make_key
from loadtest.hotel.world import Size, make_world
from loadtest.messages import Question
from loadtest.mixed.traffic import Traffic, bulk_questions, single_questions
from loadtest.service_process import Concierge, free_port

SINGLE, BULK = 0.15, 0.35
"""Shares of the decisions that are asked for one by one and in bulk; a campaign makes the others."""
CALLERS = 4
LINES = 1_000
"""Of one bulk."""
SWAPS = 4
"""How often the catalogue is swapped while decisions are made, and how often the model."""
_SCOPES = ("decide:web", "decide:call-center", "decide:email", "outcomes", "profiles", "admin")
_LEARNERS = Size(guests=1500, visitors=500, web=2000, calls=1200, mails=50)
_BULKS = ("newsletter", "web-campaign", "newsletter-random")
_SAME = re.compile(r"([\d,]+) of ([\d,]+) decisions are the same")


class Replayed(msgspec.Struct, frozen=True):
    """How many decisions came out the same, of how many, in how many seconds; and what made them."""

    same: int
    decisions: int
    seconds: float
    swaps: dict[str, int]
    decided: dict[str, int]
    degraded: dict[str, int]

    @property
    def whole(self) -> bool:
        """Whether every decision that was journalled came out the same, and none is missing."""
        lost = self.degraded.get("store", 0) + self.degraded.get("journal", 0)
        return self.same == self.decisions >= sum(self.decided.values()) - lost


class MixedRun:
    """One run; everything it makes lies in `work`, which it empties first."""

    def __init__(self, work: Path, decisions: int, seed: int, console: Console) -> None:
        self._work = work
        self._decisions = decisions
        self._seed = seed
        self._console = console
        # On a busy machine a decision shall wait, for one that is not journalled cannot be replayed.
        self._concierge = Concierge(work / "data", log_level="warning", deadline_ms="5000")
        self._guests = decisions - int(decisions * SINGLE) - int(decisions * BULK)
        self._world = make_world(seed, int(time.time() * 1000), _LEARNERS)
        self._swaps: dict[str, int] = {}

    async def run(self) -> Replayed:
        """Do all of it; raises `CommandFailed` when a step goes wrong, and then when a decision comes out otherwise."""
        shutil.rmtree(self._work, ignore_errors=True)
        self._work.mkdir(parents=True)
        with self._step("workspaces, models, guests and audience written"):
            workspaces, models = self._write()
        with self._step("published and imported"):
            await self._concierge.run("publish", str(self._work / "workspace"))
            await self._concierge.run("model", "publish", str(self._work / "model"))
            files = (str(self._work / "guests.parquet"), "--mapping", str(self._work / "guests.toml"))
            await self._concierge.run("import", "customers", *files)
        key = await make_key(self._concierge, "mixed", _SCOPES)
        async with self._concierge.serving(free_port()) as address, Client(address, key, 16) as client:
            traffic = Traffic(client, self._seed)
            with self._step("decided, with swaps meanwhile"):
                async with self._swapping(client, workspaces, models):
                    try:
                        await self._drive(traffic)
                    except ExceptionGroup as group:
                        raise CommandFailed("; ".join(map(str, group.exceptions))) from group
        with self._step("replayed"):
            begun = time.perf_counter()
            said = await self._concierge.run("replay")
            seconds = time.perf_counter() - begun
        found = _SAME.search(said)
        if found is None:
            raise CommandFailed(f"`concierge replay` said nothing of decisions:\n{said}")
        same, all = (int(figure.replace(",", "")) for figure in found.groups())
        decided = {**traffic.decided, f"{PLACEMENT} (campaign)": self._guests}
        return Replayed(same, all, seconds, self._swaps, decided, traffic.degraded)

    def _write(self) -> tuple[list[tuple[str, str]], list[bytes]]:
        """The workspaces and models that take turns; the first of both are published to begin with."""
        toml, offers = write_workspace(self._work / "workspace", self._guests, self._seed)
        told = toml.decode()
        other = told.replace("factor = 1.05", "factor = 1.4").replace(
            'at_most = 3\nwithin = "7d"', 'at_most = 2\nwithin = "7d"'
        )
        if other == told:
            raise CommandFailed("The hotel workspace has no lever and cap to change any more; say here which.")
        models = [grow_model(self._world, toml, offers, seed).blob for seed in (self._seed, self._seed + 1)]
        (self._work / "model").write_bytes(models[0])
        now = int(time.time() * 1000)
        profiles.write_guests(self._work / "guests.parquet", self._guests, now, self._seed)
        (self._work / "guests.toml").write_text(profiles.MAPPING)
        audience = parquet.read_table(self._work / "guests.parquet", columns=["id"]).rename_columns(["customer"])
        parquet.write_table(audience, self._work / "audience.parquet")
        return [(told, offers.decode()), (other, offers.decode())], models

    async def _drive(self, traffic: Traffic) -> None:
        """Website, call centre, bulks and the campaign, all at once."""
        single = single_questions(self._world, self._guests, int(self._decisions * SINGLE))
        each = int(self._decisions * BULK) // len(_BULKS)
        left = int(self._decisions * BULK) - each * (len(_BULKS) - 1)
        async with asyncio.TaskGroup() as group:
            for _ in range(CALLERS):
                group.create_task(traffic.ask(single))
            group.create_task(self._campaign())
            for number, placement in enumerate(_BULKS):
                count = left if number == 0 else each
                questions = list(bulk_questions(self._guests, count, placement, self._seed + number))
                group.create_task(_send(traffic, questions, placement))

    async def _campaign(self) -> None:
        await self._concierge.run(
            "campaign", "run", "--id", "mixed", "--audience", str(self._work / "audience.parquet"),
            "--placement", PLACEMENT, "--out", str(self._work / "out"),
        )  # fmt: skip

    @asynccontextmanager
    async def _swapping(
        self, client: Client, workspaces: list[tuple[str, str]], models: list[bytes]
    ) -> AsyncIterator[None]:
        """Swap catalogue and model in turns, as long as the block runs."""

        async def swap() -> None:
            for turn in range(1, 2 * SWAPS + 1):
                await asyncio.sleep(self._decisions / 1_500)
                if turn % 2:
                    await client.put_catalogue(*workspaces[(turn // 2 + 1) % 2])
                    self._swaps["catalogue"] = self._swaps.get("catalogue", 0) + 1
                else:
                    await client.put_model(models[(turn // 2) % 2])
                    self._swaps["model"] = self._swaps.get("model", 0) + 1

        swapping = asyncio.create_task(swap())
        try:
            yield
        finally:
            swapping.cancel()
            await asyncio.gather(swapping, return_exceptions=True)

    @contextmanager
    def _step(self, what: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        self._console.print(f"{what}: {time.perf_counter() - begun:,.1f} s")


async def _send(traffic: Traffic, questions: list[Question], placement: str) -> None:
    """A mailing in several bulks, one after another."""
    for first in range(0, len(questions), LINES):
        await traffic.send(iter(questions[first : first + LINES]), placement)
