"""The race over the service's own processes and store: rounds of callers, kills, and a look at every history."""

import asyncio
import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from random import Random
from typing import TypeVar

import aiohttp
import msgspec
import redis.asyncio
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from loadtest.client import Client
from loadtest.errors import CallFailed
from loadtest.hotel.demo import make_key
from loadtest.messages import Link, Question
from loadtest.race.callers import Answer, Callers, Round
from loadtest.race.caps import Cap, draw_caps, is_full, offers, over, read_history, uncounted, workspace
from loadtest.race.limit import Limit, units
from loadtest.race.processes import kill_one, server_of
from loadtest.service_process import Concierge, free_port

SEASON = 250
"""Rounds with the same caps."""

AT_ONCE = 4
"""Rounds that run at the same time."""

LINKED = 0.25
"""Share of the customers who have a visitor from the beginning, under whom half of their callers ask."""

MOVING = 0.4
"""Share of these visitors who are unlinked and linked again meanwhile."""

ATTEMPTS = 5
SWAP_SECONDS = 60.0
Store = redis.asyncio.Redis
Given = TypeVar("Given")
_SCOPES = ("decide:web", "decide:call-center", "decide:email", "decide:app", "outcomes", "profiles", "admin")


class Findings(msgspec.Struct):
    """What came of all rounds; `over` and `uncounted` are contacts.

    `units` were shown of `limited` ones, `oversold` more than there were, and `torn` are lines answered in two ways.
    """

    rounds: int = 0
    over: int = 0
    uncounted: int = 0
    units: int = 0
    limited: int = 0
    oversold: int = 0
    torn: int = 0
    moved: int = 0
    answers: int = 0
    unanswered: int = 0
    contacts: int = 0
    stale: int = 0
    caps: int = 0
    full: int = 0
    kills: int = 0
    seconds: float = 0.0
    degraded: Counter[str] = msgspec.field(default_factory=Counter)

    @property
    def good(self) -> bool:
        """Whether no cap or limit was exceeded, whatever was shown is counted, and no line has two answers."""
        return self.rounds > 0 and not (self.over or self.uncounted or self.oversold or self.torn)

    def lines(self) -> list[str]:
        """The findings in words."""
        full = f"{self.full / max(self.caps, 1):.0%} of {self.caps:,} caps were used up"
        return [
            f"contacts over a cap: {self.over:,} in {self.rounds:,} rounds",
            f"shown but not counted: {self.uncounted:,}",
            f"units over a volume limit: {self.oversold:,}, of {self.limited:,} there were {self.units:,} were shown",
            f"lines of a named bulk answered in two ways: {self.torn:,}",
            f"{self.answers:,} decisions answered, {self.contacts:,} contacts; {full}",
            f"{self.kills:,} worker processes killed, {self.unanswered:,} calls without an answer",
            f"went without: {dict(self.degraded) or 'nothing'}; in {self.moved:,} rounds a visitor moved; "
            f"{self.stale:,} rounds repeated; {self.seconds:,.0f} s",
        ]


class Race:
    """One race on a new data folder."""

    def __init__(self, console: Console, rounds: int, workers: int, kill_every: int, seed: int) -> None:
        self._console = console
        self._rounds = rounds
        self._workers = workers
        self._kill_every = kill_every
        self._random = Random(seed)
        self._customers = 0
        self._findings = Findings()

    async def run(self) -> Findings:
        """Serve, race and count; then all is removed."""
        data = Path(tempfile.mkdtemp(prefix="concierge-race-"))
        try:
            concierge = Concierge(
                data, log_level="error", deadline_ms="5000", refresh_seconds="0.2", bulk_processes="1"
            )
            (data / "workspace").mkdir()
            (data / "workspace" / "concierge.toml").write_text(workspace(()))
            (data / "workspace" / "offers.csv").write_text(offers())
            await concierge.run("publish", str(data / "workspace"))
            key = await make_key(concierge, "race", _SCOPES)
            async with concierge.serving(free_port(), self._workers) as address, Client(address, key) as client:
                socket = os.fsdecode((data / "store" / "socket").read_bytes())
                store = redis.asyncio.Redis(unix_socket_path=socket)
                try:
                    await self._race(address, key, client, store)
                finally:
                    await store.aclose()
        finally:
            shutil.rmtree(data, ignore_errors=True)
        return self._findings

    async def _race(self, address: str, key: str, client: Client, store: Store) -> None:
        begun = time.monotonic()
        server = server_of(os.getpid())
        columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
        with Progress(TextColumn("rounds"), *columns, console=self._console, refresh_per_second=1) as progress:
            bar = progress.add_task("", total=self._rounds)
            while self._findings.rounds < self._rounds:
                caps = draw_caps(self._random)
                limit = Limit(f"season-{self._customers}", 1 + self._season_rounds // 2)
                given = workspace(caps, limit.entry)
                version = await _patiently(partial(client.put_catalogue, given, offers()))
                await _served(address, key, version)
                async with aiohttp.ClientSession(
                    address, headers=_headers(key), connector=aiohttp.TCPConnector(limit=0)
                ) as session:
                    rounds = await self._season(session, client, server, lambda: progress.advance(bar))
                await self._look(caps, limit, version, rounds, store)
        self._findings.seconds = time.monotonic() - begun

    @property
    def _season_rounds(self) -> int:
        return min(SEASON, self._rounds - self._findings.rounds)

    async def _season(
        self, session: aiohttp.ClientSession, client: Client, server: int, advance: Callable[[], None]
    ) -> list[tuple[Round, str | None]]:
        """Rounds with the same caps, a few at a time, each with its visitor if it has one."""
        first = self._customers
        self._customers += self._season_rounds
        customers = iter(range(first, self._customers))
        done: list[tuple[Round, str | None]] = []

        async def lane() -> None:
            for number in customers:
                visitor = f"v{first}-{number}" if self._random.random() < LINKED else None
                if visitor is not None:
                    link = Link(visitor, f"c{number}", "login")
                    await _patiently(partial(client.link, link))
                if self._kill_every and number % self._kill_every == self._kill_every // 2:
                    asyncio.get_running_loop().call_later(self._random.random() * 0.05, self._kill, server)
                moves = self._random.random() < MOVING
                callers = Callers(session, Random(self._random.getrandbits(64)), f"c{number}", visitor, moves)
                done.append((await callers.run(), visitor))
                advance()

        await asyncio.gather(*(lane() for _ in range(AT_ONCE)))
        return done

    def _kill(self, server: int) -> None:
        self._findings.kills += kill_one(server, self._random)

    async def _look(
        self,
        caps: tuple[Cap, ...],
        limit: Limit,
        version: str,
        rounds: list[tuple[Round, str | None]],
        store: Store,
    ) -> None:
        """Hold every customer's history, and what the callers got, against the caps and the volume limit."""
        found = self._findings
        shown = [pair for round, _ in rounds if not round.catalogues - {version} for pair in round.shown]
        found.units += units(shown)
        found.limited += limit.at_most
        found.oversold += max(units(shown) - limit.at_most, 0)
        for round, visitor in rounds:
            keys = [f"contacts:{{c:{round.customer}}}"] + ([] if visitor is None else [f"contacts:{{v:{visitor}}}"])
            blobs = [blob for blob in await store.mget(keys) if isinstance(blob, bytes)]
            history = read_history(b"".join(blobs))
            if round.catalogues - {version}:
                # Somebody still decided by the caps before.
                found.stale += 1
                continue
            found.rounds += 1
            if round.moves:
                # Each alone keeps to the caps, whosever the visitor was; an impression may come to whom it was not for.
                alone = [read_history(blob) for blob in blobs]
                found.over += sum(over(cap, own) for cap in caps if cap.count == "decision" for own in alone)
                found.moved += 1
            else:
                found.over += sum(over(cap, history) for cap in caps)
            found.torn += round.torn
            found.uncounted += uncounted(round.shown, history)
            found.answers += round.answers
            found.unanswered += round.unanswered
            found.contacts += sum(bool(contact.kind) for contact in history)
            found.caps += len(caps)
            found.full += sum(is_full(cap, history) for cap in caps)
            found.degraded.update(round.degraded)


def _headers(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


async def _patiently(call: Callable[[], Awaitable[Given]]) -> Given:
    """What a call gives that does no more when it is repeated: again, where the process that took it was killed."""
    for _ in range(ATTEMPTS - 1):
        try:
            return await call()
        except (aiohttp.ClientError, CallFailed):
            await asyncio.sleep(0.2)
    return await call()


async def _served(address: str, key: str, version: str) -> None:
    """Wait until whoever answers serves a catalogue: forty connections in a row, which all workers take."""
    body = msgspec.json.encode(Question("home", dry_run=True))
    end, good = time.monotonic() + SWAP_SECONDS, 0
    while good < 40:
        if time.monotonic() > end:
            raise CallFailed(f"Not every worker served catalogue {version} within {SWAP_SECONDS:.0f} s.")
        connector = aiohttp.TCPConnector(force_close=True)
        try:
            async with (
                aiohttp.ClientSession(address, headers=_headers(key), connector=connector) as session,
                session.post("/v1/decisions", data=body, headers={"content-type": "application/json"}) as response,
            ):
                answer = msgspec.json.decode(await response.read(), type=Answer)
        except aiohttp.ClientConnectionError:
            good = 0
            continue
        good = good + 1 if answer.catalogue == version else 0
        if not good:
            await asyncio.sleep(0.05)
