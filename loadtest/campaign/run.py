"""A campaign as somebody new to Concierge runs it: publish, import, decide; but killed on the way, and counted anew."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import numpy as np
from pyarrow import parquet
from rich.console import Console

from loadtest.bench.kernels.hotel_model import grow_model
from loadtest.campaign import guests as profiles
from loadtest.campaign import past
from loadtest.campaign.killing import Course, Killer
from loadtest.campaign.recount import Recount, recount
from loadtest.campaign.report import print_report
from loadtest.campaign.workspace import PLACEMENT, limits_of, write_workspace
from loadtest.hotel.offers import read_offers
from loadtest.hotel.world import Size, make_world
from loadtest.service_process import Concierge

NAME = "autumn-mailing"
CHUNK = 2_000
"""Guests decided as one piece, as the command itself has it; fewer where there would be hardly any pieces to kill."""
PIECES = 20
_LEARNERS = Size(guests=1500, visitors=50, web=1500, calls=50, mails=50)


class _Campaign(msgspec.Struct, frozen=True):
    """What a campaign's own file says of the size of its parts."""

    chunk: int


class CampaignTrial:
    """One trial; everything it makes lies in `work`, which it empties first."""

    def __init__(self, work: Path, customers: int, kills: int, seed: int, console: Console) -> None:
        self._work = work
        self._customers = customers
        self._kills = kills
        self._seed = seed
        self._console = console
        self._concierge = Concierge(work / "data", log_level="warning")

    async def run(self) -> tuple[Course, Recount]:
        """Do all of it and print what it shows; raises `CommandFailed` when a step goes wrong."""
        shutil.rmtree(self._work, ignore_errors=True)
        self._work.mkdir(parents=True)
        with self._step("workspace, model, guests and audience written"):
            self._write()
        with self._step("workspace and model published"):
            await self._concierge.run("publish", str(self._work / "workspace"))
            await self._concierge.run("model", "publish", str(self._work / "model"))
        with self._step("guests imported", self._customers):
            await self._import("customers", "guests")
        with self._step("past mails imported"):
            await self._import("decisions", "past")
        with self._step("campaign run", self._customers):
            killer = Killer(self._concierge, self._customers, self._done, self._kills, self._random(34))
            course = await killer.run(self._campaign(), self._work / "campaign.log")
        with self._step("counted anew"):
            found = recount(self._work, self._concierge.data, limits_of(self._customers))
        self._console.print(course.said, markup=False, highlight=False, soft_wrap=True)
        print_report(self._console, course, found, self._kills, os.cpu_count() or 1)
        return course, found

    def _write(self) -> None:
        now = int(time.time() * 1000)
        toml, offers = write_workspace(self._work / "workspace", self._customers, self._seed)
        model = grow_model(make_world(self._seed, now, _LEARNERS), toml, offers, self._seed)
        (self._work / "model").write_bytes(model.blob)
        profiles.write_guests(self._work / "guests.parquet", self._customers, now, self._seed)
        (self._work / "guests.toml").write_text(profiles.MAPPING)
        past.write_past(self._work / "past.parquet", self._customers, now, read_offers(), self._seed)
        (self._work / "past.toml").write_text(past.MAPPING)
        everybody = parquet.read_table(self._work / "guests.parquet", columns=["id"]).rename_columns(["customer"])
        parquet.write_table(
            everybody.take(self._random(35).permutation(self._customers)), self._work / "audience.parquet"
        )

    async def _import(self, kind: str, name: str) -> None:
        file, mapping = self._work / f"{name}.parquet", self._work / f"{name}.toml"
        said = await self._concierge.run("import", kind, str(file), "--mapping", str(mapping))
        self._console.print(said.strip())

    def _campaign(self) -> list[str]:
        return [
            "campaign", "run", "--id", NAME, "--audience", str(self._work / "audience.parquet"),
            "--placement", PLACEMENT, "--out", str(self._work / "out"),
            "--chunk", str(min(CHUNK, -(-self._customers // PIECES))),
        ]  # fmt: skip

    def _done(self) -> int:
        """How many customers are in finished parts, the last of which may be smaller than the others."""
        folder = self._concierge.data / "campaigns" / NAME
        parts = len(list((folder / "parts").glob("[0-9]*.parquet")))
        if not parts:
            return 0
        chunk = msgspec.json.decode((folder / "campaign.json").read_bytes(), type=_Campaign).chunk
        return min(parts * chunk, self._customers)

    def _random(self, purpose: int) -> np.random.Generator:
        return np.random.default_rng([self._seed, purpose])

    @contextmanager
    def _step(self, what: str, rows: int | None = None) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        took = time.perf_counter() - begun
        speed = "" if rows is None else f", {rows / took:,.0f}/s"
        self._console.print(f"{what}: {took:,.1f} s{speed}")
