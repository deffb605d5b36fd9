"""Concierge as its users run it: the command line in processes of its own."""

import asyncio
import os
import shutil
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from signal import SIGTERM

import aiohttp

from loadtest.errors import CommandFailed

READY_SECONDS = 60.0
STOP_SECONDS = 40.0


class Concierge:
    """The command line on one data folder; what it prints has lines of `columns` characters, where these are given.

    `environment` has further variables, and `settings` those of Concierge, without their prefix.
    """

    def __init__(
        self, data: Path, environment: Mapping[str, str] | None = None, columns: int | None = None, **settings: str
    ) -> None:
        self.data = data
        given = {"DATA": str(data)} | {name.upper(): value for name, value in settings.items()}
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("CONCIERGE_")}
        own = {f"CONCIERGE_{name}": value for name, value in given.items()}
        width = {} if columns is None else {"COLUMNS": str(columns)}
        self._environment = inherited | dict(environment or {}) | width | own

    async def run(self, *words: str) -> str:
        """Run one command and return what it printed; raises `CommandFailed`."""
        process = await asyncio.create_subprocess_exec(
            _script(), *words,
            env=self._environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            out, err = await process.communicate()
        finally:
            # A cancelled demo must not leave a training behind.
            if process.returncode is None:
                process.terminate()
                await process.wait()
        if process.returncode:
            said = f"{out.decode(errors='replace')}{err.decode(errors='replace')}".strip()
            raise CommandFailed(f"`concierge {' '.join(words)}` ended with {process.returncode}:\n{said}")
        return out.decode()

    async def start(self, *words: str, log: Path) -> asyncio.subprocess.Process:
        """Start a command in a process group of its own, and give it; what it says is added to a file."""
        with log.open("ab") as said:
            return await asyncio.create_subprocess_exec(
                _script(), *words,
                env=self._environment, stdout=said, stderr=said, stdin=asyncio.subprocess.DEVNULL,
                start_new_session=True,
            )  # fmt: skip

    @asynccontextmanager
    async def serving(self, port: int, workers: int = 1) -> AsyncIterator[str]:
        """Serve on this machine until the block ends, then stop in order; gives the address once it is up.

        The service's log goes to `service.log` in the data folder.
        """
        self.data.mkdir(parents=True, exist_ok=True)
        journal = self.data / "service.log"
        process = await self.start("serve", "--port", str(port), "--workers", str(workers), log=journal)
        address = f"http://127.0.0.1:{port}"
        try:
            await _answering(address, process, journal)
            yield address
        finally:
            await _stop(process)


def free_port(wanted: int | None = None) -> int:
    """The wanted port, or without one 8080 if nobody has it, else any that is free."""
    if wanted is not None:
        return wanted
    for port in (8080, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise CommandFailed("There is no free port on this machine.")


async def _answering(address: str, process: asyncio.subprocess.Process, journal: Path) -> None:
    """Wait until the service is ready to decide."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + READY_SECONDS
    async with aiohttp.ClientSession(address) as session:
        while process.returncode is None and loop.time() < deadline:
            try:
                async with session.get("/health/ready") as response:
                    if response.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.1)
    tail = "\n".join(journal.read_text(errors="replace").splitlines()[-20:])
    raise CommandFailed(f"`concierge serve` did not get ready in {READY_SECONDS:.0f} s. Its last words:\n{tail}")


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.send_signal(SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), STOP_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()


def _script() -> str:
    """The console script beside this interpreter, or the one on the path."""
    beside = Path(sys.executable).with_name("concierge")
    found = str(beside) if beside.exists() else shutil.which("concierge")
    if found is None:
        raise CommandFailed("The `concierge` command is not installed; run `make demo`, or `pip install -e .` first.")
    return found
