"""Kill -9 of one process or the other: what is left recovers or ends, and nothing stays behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil
import pytest

from tests.e2e.conftest import Served, free_port, prepared

SECONDS = 120.0


def _await(reached: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not reached():
        assert time.monotonic() < end
        time.sleep(0.02)


def _processes(data: Path) -> list[int]:
    """All processes that were started for a data folder, by the environment that they inherit."""
    processes = psutil.process_iter(["pid", "environ"])
    return [
        process.info["pid"]
        for process in processes
        if (process.info["environ"] or {}).get("CONCIERGE_DATA") == str(data)
    ]


def _await_end(data: Path) -> None:
    """Wait for the last process of a data folder; the interpreter's own helper ends a moment after the service."""
    _await(lambda: _processes(data) == [])


def _refused(**settings: object) -> str:
    """What `concierge serve` says when it does not start."""
    given = {f"CONCIERGE_{name.upper()}": str(value) for name, value in settings.items()}
    ended = subprocess.run(
        [sys.executable, "-m", "decision.command.main", "serve"],
        env={**os.environ, **given}, capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    return ended.stderr


async def test_a_killed_store_comes_back_under_the_service(served: Served) -> None:
    with httpx.Client(base_url=served.url, headers=served.headers, timeout=SECONDS) as client:

        def decide() -> bool:
            answer = client.post("/v1/decisions", json={"placement": "home", "customer": "ann"})
            assert answer.status_code == 200
            return not answer.json()["degraded"]

        def server() -> int:
            told = (served.settings.folder / "store" / "valkey.pid").read_text()
            return int(told) if told.strip() else 0

        assert decide()
        for _ in range(2):
            killed = server()
            os.kill(killed, signal.SIGKILL)
            _await(lambda killed=killed: decide() and server() not in (0, killed))  # type: ignore[misc]
        assert client.put("/v1/customers/ann", json={"consents": {"email": True}}).status_code < 300
    assert served.stop() == 0
    _await_end(served.settings.folder)


async def test_a_killed_service_leaves_no_process_and_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    settings, key = await prepared(tmp_path / "data")
    served = Served(settings, key, ("--workers", "2"))
    data = settings.folder
    folders = os.listdir(temporary)
    # Service, two workers, sink, store.
    assert len(_processes(data)) >= 5
    served.process.kill()
    served.process.wait()
    # A supervisor starts it again at once; the port is free as soon as the old workers are gone.
    served.start()
    assert os.listdir(temporary) == folders
    served.process.kill()
    served.process.wait()
    _await_end(data)
    served.start()
    assert served.stop() == 0
    _await_end(data)
    assert os.listdir(temporary) == []


async def test_bulk_processes_end_with_their_worker_and_a_bulk_outlives_them(tmp_path: Path) -> None:
    settings, key = await prepared(tmp_path / "data")
    served = Served(settings, key, ())
    lines = b'{"placement":"home"}\n' * 300

    def bulk_processes() -> list[psutil.Process]:
        found = (psutil.Process(process) for process in _processes(settings.folder))
        return [process for process in found if "decision.http.bulk_process" in process.cmdline()]

    with httpx.Client(base_url=served.url, headers=served.headers, timeout=SECONDS) as client:

        def decide() -> list[str]:
            return client.post("/v1/decisions/bulk", content=lines).text.splitlines()

        assert len(decide()) == 300
        _await(lambda: bulk_processes() != [])
        first = bulk_processes()[0]
        first.kill()
        assert [line for line in decide() if '"degraded":[]' not in line] == []
        _await(lambda: bulk_processes() != [] and first not in bulk_processes())
        _await(lambda: (settings.folder / "serve.log").read_text().count("bulk_process_ready") >= len(bulk_processes()))
        lines = lines.replace(b"home", b"call")
        assert len(decide()) == 300
        # What they decided is counted wherever the figures are asked for.
        counted = 'concierge_decisions_total{group="champion",placement="call"} 300.0'
        _await(lambda: counted in client.get("/metrics").text)
    served.process.kill()
    served.process.wait()
    _await_end(settings.folder)
    assert "Traceback" not in (settings.folder / "serve.log").read_text()


async def test_a_second_service_is_refused(served: Served, tmp_path: Path) -> None:
    assert "Another `concierge serve` works in" in _refused(data=served.settings.data, port=free_port())
    assert f"port {served.settings.port}" in _refused(data=tmp_path / "other", port=served.settings.port)
    assert not (tmp_path / "other").exists()


def test_a_stranger_at_the_port_is_noticed_even_if_it_would_share(tmp_path: Path) -> None:
    with socket.socket() as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        port = stranger.getsockname()[1]
        assert f"Cannot listen at 127.0.0.1, port {port}" in _refused(data=tmp_path / "data", port=port)
    assert _processes(tmp_path / "data") == []


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for store in ("", "redis://127.0.0.1:1"):
        said = _refused(data=tmp_path / "file", port=free_port(), store=store)
        assert f"The data folder '{tmp_path / 'file'}' cannot be used" in said
