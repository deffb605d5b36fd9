"""The whole loop on the recorded experiment: import, replay in its own time, decide each wave, train, evaluate."""

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from time import perf_counter

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from loadtest.client import Client
from loadtest.errors import CommandFailed
from loadtest.messages import Evaluated, Event, Question
from loadtest.service_process import Concierge, free_port
from loadtest.starbucks.recording import Recording, moment
from loadtest.starbucks.report import print_cost, print_gain, print_report

LEARNING_WAVES = (0, 168, 336, 408)
JUDGED_WAVES = (504, 576)
LAST_HOUR = 715
FREE, CAPPED = "wave_decided", "wave_capped"
"""The placements that decide waves: one without a contact policy, one under it."""
EVENTS_A_CALL = 2_000
CALLS_AT_ONCE = 4

WORK = Path("recorded-data")
"""Where the run keeps its files, so that they can be looked at afterwards."""

CUSTOMER_MAPPING = """
id = "id"
[attributes]
gender = "gender"
age = "age"
income = "income"
member_since = "member_since"
"""

DECISION_MAPPING = f"""
id = "id"
customer = "customer"
placement = {{ constant = "wave" }}
offer = "offer"
probability = "probability"
outcome = {{ constant = "net" }}
value = "net"
at = {{ column = "hour", unit = "h", origin = "{moment(0)}" }}
outcome_at = {{ column = "net_hour", unit = "h", origin = "{moment(0)}" }}
"""


class Recorded:
    """One run on the data in a folder; everything it makes lies in `work`, which it empties first."""

    def __init__(self, data: Path, work: Path, console: Console) -> None:
        self._recording = Recording(data / "starbucks-rewards")
        self._work = work
        self._console = console
        self._seconds: dict[str, float] = {}
        self._decided = 0
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)

    async def run(self, port: int | None = None) -> None:
        """Do all of it and print what the policy is worth."""
        concierge = Concierge(self._work / "data", columns=self._console.width)
        counts = self._recording.counts()
        self._console.print(
            f"The recording holds {counts.customers:,} customers, {counts.events:,} events "
            f"and {counts.decisions:,} logged decisions."
        )
        await concierge.run("publish", str(self._workspace()))
        key = (await concierge.run("keys", "create", "--client", "recorded", *_scopes())).split()[-1]
        port = free_port(port)
        async with concierge.serving(port) as address, Client(address, key) as client:
            with self._bar() as progress:
                await self._customers(concierge, progress)
                await self._replay(concierge, client, progress, LEARNING_WAVES, JUDGED_WAVES[0])
                await self._train(concierge, client, progress)
                await self._replay(concierge, client, progress, JUDGED_WAVES, LAST_HOUR)
            again = await self._import(concierge, "decisions", self._decisions(JUDGED_WAVES[-1]), "decisions.toml")
            self._console.print(f"The last wave imported a second time: {again}")
            evaluation = await concierge.run(
                "evaluate", "--goal", "net", "--source", "import", "--placement", "wave",
                "--since", moment(JUDGED_WAVES[0]), "--decided", FREE, "--decided", CAPPED,
                "--json", str(self._work / "evaluation.json"),
            )  # fmt: skip
        rows = {
            "customers imported": counts.customers,
            "waves decided in bulk": self._decided,
            "logged decisions imported": counts.decisions,
            "events": counts.events,
        }
        print_report(self._console, evaluation, rows, self._seconds)
        found = msgspec.json.decode((self._work / "evaluation.json").read_bytes(), type=Evaluated)
        print_gain(self._console, found.policy("champion"), found.policy("constant"), found.placement(FREE))
        print_cost(self._console, found.placement(FREE), found.placement(CAPPED))

    def _workspace(self) -> Path:
        folder = self._work / "workspace"
        folder.mkdir()
        with as_file(files("loadtest.starbucks") / "workspace" / "concierge.toml") as toml:
            shutil.copy(toml, folder)
        self._recording.write_offers(folder / "offers.csv")
        (self._work / "customers.toml").write_text(CUSTOMER_MAPPING)
        (self._work / "decisions.toml").write_text(DECISION_MAPPING)
        return folder

    async def _customers(self, concierge: Concierge, progress: Progress) -> None:
        file = self._work / "customers.csv"
        self._recording.write_customers(file)
        total = self._recording.counts().customers
        with self._timed("customers imported"), _task(progress, "customers imported", total):
            await self._import(concierge, "customers", file, "customers.toml")

    async def _replay(
        self, concierge: Concierge, client: Client, progress: Progress, waves: tuple[int, ...], end: int
    ) -> None:
        """Waves in their own time: decide, import what was really sent, then let the hours until the next one pass."""
        for wave, following in zip(waves, (*waves[1:], end), strict=True):
            await self._decide(client, progress, wave)
            file = self._decisions(wave)
            with self._timed("logged decisions imported"), _task(progress, f"wave {wave} h imported", None):
                await self._import(concierge, "decisions", file, "decisions.toml")
            await self._events(client, progress, wave, following)

    def _decisions(self, wave: int) -> Path:
        file = self._work / f"decisions-{wave}.csv"
        self._recording.write_decisions(wave, file)
        return file

    async def _decide(self, client: Client, progress: Progress, wave: int) -> None:
        """Every customer through the bulk endpoint, at the wave's own moment.

        The cap needs to have been there from the first wave on, and what decides without one only where it is judged.
        """
        customers = self._recording.customers()
        places = (FREE, CAPPED) if wave in JUDGED_WAVES else (CAPPED,)
        questions = [Question(place, customer=one, at=moment(wave)) for place in places for one in customers]
        answered = 0
        with self._timed("waves decided in bulk"), _task(progress, f"wave {wave} h decided", len(questions)) as done:
            async for _ in client.decide_many(questions):
                answered += 1
                done(1)
        self._decided += answered
        if answered != len(questions):
            raise CommandFailed(f"The bulk endpoint answered {answered} of {len(questions)} decisions of wave {wave}.")

    async def _events(self, client: Client, progress: Progress, start: int, end: int) -> None:
        events = self._recording.events_between(start, end)
        calls = iter([events[first : first + EVENTS_A_CALL] for first in range(0, len(events), EVENTS_A_CALL)])
        with self._timed("events"), _task(progress, f"events {start}–{end} h", len(events)) as done:

            async def send(calls: Iterator[list[Event]]) -> None:
                for call in calls:
                    await client.tell(call)
                    done(len(call))

            await asyncio.gather(*(send(calls) for _ in range(CALLS_AT_ONCE)))

    async def _train(self, concierge: Concierge, client: Client, progress: Progress) -> None:
        """Train on the waves so far, and wait until the running service has taken the model."""
        with self._timed("training"), _task(progress, "training on the waves to 408 h", None):
            until = moment(LEARNING_WAVES[-1] + 1)
            # What the policy is worth is the question here, whatever the gate says of it.
            said = await concierge.run("train", "--goal", "net", "--source", "import", "--until", until, "--force")
            async with asyncio.timeout(60):
                while (versions := await client.models()).current != versions.serving:
                    await asyncio.sleep(0.2)
        self._console.print(said)

    async def _import(self, concierge: Concierge, kind: str, file: Path, mapping: str) -> str:
        return (await concierge.run("import", kind, str(file), "--mapping", str(self._work / mapping))).strip()

    @contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        begun = perf_counter()
        yield
        self._seconds[what] = self._seconds.get(what, 0.0) + perf_counter() - begun

    def _bar(self) -> Progress:
        return Progress(
            TextColumn("{task.description:32}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
            console=self._console,
        )  # fmt: skip


def run(data: Path, port: int | None = None, work: Path = WORK) -> None:
    """Run the loop on the recorded data below `data`; raises `CommandFailed` when a step goes wrong."""
    asyncio.run(Recorded(data, work, Console()).run(port))


class _Advance(msgspec.Struct, frozen=True):
    progress: Progress
    task: TaskID

    def __call__(self, by: int) -> None:
        self.progress.advance(self.task, by)


@contextmanager
def _task(progress: Progress, description: str, total: int | None) -> Iterator[_Advance]:
    task = progress.add_task(description, total=total)
    yield _Advance(progress, task)
    progress.update(task, total=total or 1, completed=total or 1)


def _scopes() -> list[str]:
    return [word for scope in ("admin", "decide:app", "decide:email", "profiles") for word in ("--scope", scope)]
