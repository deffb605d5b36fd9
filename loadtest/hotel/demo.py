"""The whole job, watched from outside: publish, import, decide, learn, swap, decide better."""

import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from loadtest.client import Client
from loadtest.hotel.arrival import import_guests, import_past
from loadtest.hotel.baselines import best_constant
from loadtest.hotel.fatigue import Fatigue
from loadtest.hotel.learning import learn
from loadtest.hotel.ledger import COLD, CONSTANT, POLICIES, TRAINED, Ledger
from loadtest.hotel.offers import workspace_folder
from loadtest.hotel.population import CHANNELS
from loadtest.hotel.report import Standings, print_standings
from loadtest.hotel.round import SLOTS, Round
from loadtest.hotel.visits import DAY
from loadtest.hotel.world import DAYS, PAUSE, Size, World, make_world
from loadtest.service_process import Concierge, free_port

JUDGED = 0.4
"""Share of the visits that the trained model meets again."""

_SCOPES = ("decide:web", "decide:call-center", "decide:email", "outcomes", "profiles", "admin")
_NAMES = ("web visits", "calls", "mails")


class Demo:
    """One hotel world and the service it drives."""

    def __init__(self, console: Console, world: World, concierge: Concierge, client: Client, address: str) -> None:
        self.console = console
        self.world = world
        self.concierge = concierge
        self.client = client
        self.address = address

    async def run(self) -> Standings:
        """Import, drive, learn, drive again, and print what came of it."""
        await self._import()
        ledger, fatigue = Ledger(), Fatigue(len(self.world.people))
        everyone = np.ones(len(self.world.visits), np.bool_)
        judged = np.random.default_rng([self.world.seed, 5]).random(len(self.world.visits)) < JUDGED
        rounds = [
            Round(
                self.client, self.world, ledger, fatigue, number=number, policy=policy, explore=explore, chosen=chosen
            )
            for number, (policy, explore, chosen) in enumerate([(COLD, True, everyone), (TRAINED, False, judged)])
        ]
        await self._drive("No model yet; a third of the visits is left to random choice", rounds[0])
        await learn(self.console, self.concierge, self.client, self.world.instant((DAYS + PAUSE) * DAY))
        await self._drive("The same people again, with the trained model", rounds[1])
        standings = self._standings(ledger, rounds[1])
        print_standings(self.console, standings)
        for part, count in ledger.degraded.items():
            self.console.print(f"{count} decisions had to do without {part}.", style="yellow")
        return standings

    async def _import(self) -> None:
        guests = self.world.people.guests
        with _bars(self.console, {"guests": guests, "their past": guests}) as advance:
            await import_guests(self.client, self.world, lambda done: advance("guests", done))
            events = await import_past(self.client, self.world, lambda done: advance("their past", done))
        self.console.print(f"Imported {guests:,} guests and {events:,} events of their past.")

    async def _drive(self, title: str, round: Round) -> None:
        self.console.print(title, style="bold")
        totals = {name: len(round.visits(channel)) for channel, name in enumerate(_NAMES)}
        with _bars(self.console, totals) as advance:

            def step(channel: int) -> None:
                advance(_NAMES[channel], 1)

            await round.serve(step, mailed=False)
            await round.mail(step)
            await round.serve(step, mailed=True)

    def _standings(self, ledger: Ledger, judged: Round) -> Standings:
        standings: Standings = {}
        for channel in range(len(CHANNELS)):
            for policy in POLICIES:
                if policy == CONSTANT:
                    visits = judged.visits(channel)
                    _, standing = best_constant(self.world.truth, self.world.visits, visits, SLOTS[channel])
                    standings[channel, policy] = standing
                else:
                    standings[channel, policy] = ledger.standing(channel, policy)
        return standings


@asynccontextmanager
async def open_demo(
    console: Console, *, seed: int, port: int | None, workers: int, size: Size | None = None
) -> AsyncIterator[Demo]:
    """Publish the workspace, make a key and serve from a new data folder until the block ends; then all is removed."""
    world = make_world(seed, int(time.time() * 1000), size)
    data = Path(tempfile.mkdtemp(prefix="concierge-demo-"))
    concierge = Concierge(data, columns=console.width, log_level="warning")
    try:
        await concierge.run("publish", str(workspace_folder()))
        console.print(f"Published the hotel workspace with its {len(world.offers):,} offers.")
        key = await make_key(concierge, "hotel-world", _SCOPES)
        async with concierge.serving(free_port(port), workers) as address, Client(address, key) as client:
            console.print(f"Serving at {address}; data in {data}.")
            yield Demo(console, world, concierge, client, address)
    finally:
        shutil.rmtree(data, ignore_errors=True)


async def make_key(concierge: Concierge, client: str, scopes: tuple[str, ...]) -> str:
    """The secret of a new API key."""
    words = [word for scope in scopes for word in ("--scope", scope)]
    said = await concierge.run("keys", "create", "--client", client, *words)
    return said.split()[-1]


@contextmanager
def _bars(console: Console, totals: dict[str, int]) -> Iterator[Callable[[str, int], None]]:
    """A progress bar per name; gives the function that advances one."""
    columns = (TextColumn("  {task.description:12}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, refresh_per_second=4) as progress:
        tasks = {name: progress.add_task(name, total=total) for name, total in totals.items()}
        yield lambda name, done: progress.advance(tasks[name], done)
