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
from loadtest.messages import Event, Question
from loadtest.service_process import CommandFailed, Concierge, free_port
from loadtest.starbucks.recording import Recording, moment
from loadtest.starbucks.report import print_report

LEARNING_WAVES = (0, 168, 336, 408)
JUDGED_WAVES = (504, 576)
LAST_HOUR = 715
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
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)

    async def run(data: Path, port: int | None = None, work: Path = WORK) -> None:
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
