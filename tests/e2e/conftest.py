"""A real `concierge serve` in a process of its own, on a free port, with its store in a temporary folder."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from decision.access.api_keys import ApiKeys
from decision.clock import wall_clock
from decision.composition import compose
from decision.settings import Settings
from decision.store.opening import open_store

WORKSPACE = Path("tests/workspaces/small")
SCOPES = ("decide:web", "decide:call-center", "decide:email", "outcomes", "profiles", "admin")
STARTING_SECONDS = 60.0
DEADLINE_MS = "10000"
"""A busy machine is slow, and no decision shall go without a part for that."""


class Served:
    """A serving process and how to reach it."""

    def __init__(self, settings: Settings, key: str, arguments: tuple[str, ...]) -> None:
        self.settings = settings
        self.key = key
        self._arguments = arguments
        self.start()

    @property
    def url(self) -> str:
        return f"http://{self.settings.host}:{self.settings.port}"

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    def start(self) -> None:
        command = [sys.executable, "-m", "decision.command.main", "serve", *self._arguments]
        data, port = self.settings.data, str(self.settings.port)
        given = {"CONCIERGE_DATA": data, "CONCIERGE_PORT": port, "CONCIERGE_DEADLINE_MS": DEADLINE_MS}
        environment = {**os.environ, **given}
        with open(self.settings.folder / "serve.log", "ab") as log:
            self.process = subprocess.Popen(command, env=environment, stderr=log, stdout=log, stdin=subprocess.DEVNULL)
        end = time.monotonic() + STARTING_SECONDS
        while time.monotonic() < end:
            assert self.process.poll() is None, (self.settings.folder / "serve.log").read_text()
            try:
                if httpx.get(f"{self.url}/health/ready").status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        self.stop()
        raise AssertionError((self.settings.folder / "serve.log").read_text())

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STARTING_SECONDS)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def prepared(folder: Path) -> tuple[Settings, str]:
    """A data folder with the small workspace published, and a key."""
    settings = Settings(data=str(folder), port=free_port())
    folder.mkdir(exist_ok=True)
    async with open_store(settings) as store:
        toml, offers = (WORKSPACE / "concierge.toml").read_bytes(), (WORKSPACE / "offers.csv").read_bytes()
        await compose(store, settings).publishing.publish_workspace(toml, offers, "offers.csv")
        secret, _ = await ApiKeys(store).create("e2e", SCOPES, wall_clock())
    return settings, secret


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    """One worker without a sink."""
    settings, key = await prepared(tmp_path / "data")
    process = Served(settings, key, ("--no-sink",))
    yield process
    process.stop()
