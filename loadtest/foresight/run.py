"""A log under what is in use, ten changes foreseen on it, and each of them really made on the same visits."""

import copy
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from loadtest.client import Client
from loadtest.foresight.changes import CHANGES, Change
from loadtest.foresight.figures import Pair, Simulated, Truth, VisitLedger
from loadtest.hotel.arrival import import_guests, import_past
from loadtest.hotel.demo import make_key
from loadtest.hotel.fatigue import Fatigue
from loadtest.hotel.learning import GOAL
from loadtest.hotel.offers import workspace_folder
from loadtest.hotel.round import Round
from loadtest.hotel.visits import DAY
from loadtest.hotel.world import DAYS, PAUSE, Size, World, make_world
from loadtest.messages import Slate
from loadtest.service_process import Concierge, free_port

_SCOPES = ("decide:web", "decide:call-center", "decide:email", "outcomes", "profiles", "admin")
IN_USE = "in use"


class _Course(Round):
    """A round that keeps what the world expects of each visit's slate."""

    def __init__(
        self, client: Client, world: World, ledger: VisitLedger, fatigue: Fatigue, *,
        number: int, policy: str, explore: bool, chosen: NDArray[np.bool_],
    ) -> None:  # fmt: skip
        super().__init__(client, world, ledger, fatigue, number=number, policy=policy, explore=explore, chosen=chosen)
        self._seen = ledger
        self.expected: dict[int, float] = {}

    def _answer(self, visit: int, slate: Slate, seconds: float) -> int | None:
        accepted = super()._answer(visit, slate, seconds)
        assert self._seen.last is not None, "an answer is entered"
        self.expected[visit] = self._seen.last.value
        return accepted


class Foresight:
    """One run; everything it makes lies in `work`, which it empties first."""

    def __init__(self, work: Path, size: Size, seed: int, console: Console) -> None:
        self._work = work
        self._console = console
        self._world = make_world(seed, int(time.time() * 1000), size)
        self._fatigue = Fatigue(len(self._world.people))
        self._key = ""

    async def run(self) -> list[Pair]:
        """Do all of it; raises `WorldError` when a step goes wrong."""
        shutil.rmtree(self._work, ignore_errors=True)
        self._work.mkdir(parents=True)
        await self._begin()
        before = await self._live(IN_USE, self._work / "begun", self._work / "logged")
        pairs: list[Pair] = []
        for number, change in enumerate(CHANGES):
            workspace = self._workspace(number, change)
            simulated = await self._simulate(workspace)
            after = await self._live(change.name, self._work / "begun", self._work / "really", workspace)
            pairs.append(Pair(change.name, simulated, Truth.of(before, after)))
            self._console.print(_line(pairs[-1]), highlight=False)
        return pairs

    async def _begin(self) -> None:
        """A first round in which a third is left to chance, and a model from it."""
        concierge = self._concierge(self._work / "begun")
        await concierge.run("publish", str(workspace_folder()))
        self._key = await make_key(concierge, "foresight", _SCOPES)
        async with self._serving(concierge) as client:
            await import_guests(client, self._world, _silent)
            await import_past(client, self._world, _silent)
            await self._drive(client, self._fatigue, 0)
            now = self._world.instant((DAYS + PAUSE) * DAY)
            await concierge.run("train", "--goal", GOAL, "--now", now, "--force")
        self._console.print("A model is trained on a first round; what follows is the second.")

    async def _live(self, name: str, begun: Path, data: Path, workspace: Path | None = None) -> dict[int, float]:
        """The second round on a copy of what the first left; gives what the world expects of each visit's slate."""
        begins = time.perf_counter()
        shutil.rmtree(data, ignore_errors=True)
        shutil.copytree(begun, data, ignore=shutil.ignore_patterns("*.sock", "*.pid", "*.lock"))
        concierge = self._concierge(data)
        if workspace is not None:
            await concierge.run("publish", str(workspace))
        async with self._serving(concierge) as client:
            expected = await self._drive(client, copy.deepcopy(self._fatigue), 1)
        self._console.print(f"{name}: {len(expected):,} visits in {time.perf_counter() - begins:.0f} s", style="dim")
        return expected

    async def _drive(self, client: Client, fatigue: Fatigue, number: int) -> dict[int, float]:
        everyone = np.ones(len(self._world.visits), np.bool_)
        course = _Course(
            client, self._world, VisitLedger(), fatigue,
            number=number, policy=IN_USE, explore=number == 0, chosen=everyone,
        )  # fmt: skip
        await course.serve(_silent, mailed=False)
        await course.mail(_silent)
        await course.serve(_silent, mailed=True)
        return course.expected

    async def _simulate(self, workspace: Path) -> Simulated:
        figures = self._work / "simulated.json"
        since = self._world.instant((DAYS + PAUSE) * DAY)
        words = ("--workspace", str(workspace), "--since", since, "--json", str(figures))
        said = await self._concierge(self._work / "logged").run("simulate", *words)
        workspace.with_suffix(".txt").write_text(said)
        return msgspec.json.decode(figures.read_bytes(), type=Simulated)

    def _workspace(self, number: int, change: Change) -> Path:
        folder = self._work / f"change-{number + 1}"
        shutil.copytree(workspace_folder(), folder, ignore=shutil.ignore_patterns("__*"))
        file = folder / "concierge.toml"
        file.write_text(change.edit(file.read_text()))
        return folder

    @staticmethod
    def _concierge(data: Path) -> Concierge:
        # On a busy machine a decision shall wait for its model and contacts.
        return Concierge(data, log_level="warning", deadline_ms="5000")

    @asynccontextmanager
    async def _serving(self, concierge: Concierge) -> AsyncIterator[Client]:
        async with concierge.serving(free_port()) as address, Client(address, self._key) as client:
            yield client


def _line(pair: Pair) -> str:
    seen, truth = pair.simulated.whole, pair.truth
    told = "no value told" if seen is None else seen.support.refusal
    if seen is not None and seen.gain is not None:
        told = f"{seen.gain:+.3f} ({seen.low:+.3f} to {seen.high:+.3f})"
    return f"{pair.name}: foreseen {told}, came {truth.gain:+.3f} ± {truth.error:.3f} of {truth.before:.3f}"


def _silent(_: int) -> None:
    """Nobody watches."""
