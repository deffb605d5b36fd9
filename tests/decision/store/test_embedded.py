"""The embedded server: shared by its holders, stopped by the last one, whoever was killed."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest
import redis

from decision.settings import Settings
from decision.store.embedded import EmbeddedServer
from decision.store.opening import open_store
from rules.errors import Unavailable

HOLDER = """
import sys
from pathlib import Path
from decision.store.embedded import EmbeddedServer
server = EmbeddedServer(Path(sys.argv[1]))
server.hold()
print("held", flush=True)
sys.stdin.readline()
server.release()
"""


def _holder(folder: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def _answers(server: EmbeddedServer) -> bool:
    with redis.Redis.from_url(server.url) as client:
        try:
            return bool(client.ping())
        except redis.ConnectionError:
            return False


def test_holders_that_come_at_once_share_one_server_and_the_last_one_stops_it(tmp_path: Path) -> None:
    holders = [_holder(tmp_path) for _ in range(4)]
    for holder in holders:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
    server = EmbeddedServer(tmp_path)
    with redis.Redis.from_url(server.url) as client:
        client.set("k", "1")
        run = client.info("server")["run_id"]
        process = client.info("server")["process_id"]
    # Ctrl+C does not reach it, and cores are shared out among it and us as among any two processes.
    assert os.getpgid(process) == process
    assert os.getsid(process) == os.getsid(0)
    # One is killed, the others end well: the server outlives them until the last is gone.
    holders[0].send_signal(signal.SIGKILL)
    for holder in holders[:3]:
        holder.communicate("\n" if holder is not holders[0] else None)
    with redis.Redis.from_url(server.url) as client:
        assert client.info("server")["run_id"] == run
    holders[3].communicate("\n")
    assert not _answers(server)
    server.hold()
    with redis.Redis.from_url(server.url) as client:
        assert client.get("k") == b"1"
        assert client.config_get("append*")["appendfsync"] == "always"
        assert int(client.config_get("auto-aof-rewrite-min-size")["auto-aof-rewrite-min-size"]) == 512 << 20
    server.release()
    server.release()


def test_what_a_log_is_trimmed_of_is_given_back_to_the_system(tmp_path: Path) -> None:
    """Between other things that are stored with each entry and stay, as a decision's are."""
    server, entry, count = EmbeddedServer(tmp_path), b"e" * 4500, 5000
    server.hold()
    try:
        with redis.Redis.from_url(server.url) as client:
            process = psutil.Process(client.info("server")["process_id"])
            for round in range(2):
                pipeline = client.pipeline(transaction=False)
                for number in range(count):
                    pipeline.xadd("log", {"e": entry[: 3000 + number % 1500]})
                    pipeline.set(f"decision:{round}:{number}", b"d" * 150)
                pipeline.execute()
                full = process.memory_info().rss
                client.xtrim("log", maxlen=1, approximate=False)
                # Of some 18 MB of entries most is.
                assert process.memory_info().rss < full - 10_000_000
    finally:
        server.release()


def test_a_holder_finds_the_server_that_a_killed_one_left(tmp_path: Path) -> None:
    holder = _holder(tmp_path)
    assert holder.stdout is not None
    holder.stdout.readline()
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    server = EmbeddedServer(tmp_path)
    assert _answers(server)
    server.hold()
    assert _answers(server)
    server.release()
    assert not _answers(server)


def test_a_folder_too_deep_for_a_socket_gets_it_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory() as elsewhere:
        monkeypatch.setattr("tempfile.tempdir", elsewhere)
        _check_deep(tmp_path / ("d" * 90))
        # Nothing is left behind, although the first server was killed.
        assert not os.listdir(elsewhere)


def _check_deep(deep: Path) -> None:
    server = EmbeddedServer(deep)
    server.hold()
    pid = int((deep / "store" / "valkey.pid").read_text())
    url = server.url
    assert _answers(EmbeddedServer(deep))
    assert len(url) < 108
    os.kill(pid, signal.SIGKILL)
    _revived(server)
    # Who was connected finds it again.
    assert server.url == url
    assert _answers(server)
    server.release()


@pytest.mark.parametrize("name", ["two\nlines", "carriage\rreturn", 'with "quotes"\\', "what?#%20é"])
def test_a_folder_may_have_any_name(name: str) -> None:
    # A short path, so that the socket stays in the folder.
    with tempfile.TemporaryDirectory() as short:
        folder = Path(short) / name
        server = EmbeddedServer(folder)
        server.hold()
        try:
            assert _answers(EmbeddedServer(folder))
            assert Path(os.fsdecode((folder / "store" / "socket").read_bytes())).parent == folder / "store"
        finally:
            server.release()


def _revived(server: EmbeddedServer) -> None:
    end = time.monotonic() + 60
    while not server.revive():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_killed_server_is_started_again_with_all_it_acknowledged(tmp_path: Path) -> None:
    server, other = EmbeddedServer(tmp_path), EmbeddedServer(tmp_path)
    server.hold()
    other.hold()
    assert not server.revive()
    pid = int((tmp_path / "store" / "valkey.pid").read_text())
    with redis.Redis.from_url(server.url) as client:
        client.set("k", "1")
        os.kill(pid, signal.SIGSTOP)
        # Silent is not gone.
        assert not server.revive()
        os.kill(pid, signal.SIGKILL)
        _revived(other)
        assert client.get("k") == b"1"
    assert not server.revive()
    server.release()
    assert _answers(other)
    other.release()
    assert not _answers(server)


@pytest.mark.parametrize("below", [False, True])
def test_a_data_folder_that_cannot_be_made_is_named(tmp_path: Path, below: bool) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "below" if below else tmp_path / "file"
    with pytest.raises(Unavailable, match=f"data folder '{folder}' cannot be used"):
        EmbeddedServer(folder).hold()


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "store" / "appendonlydir").mkdir(parents=True)
    (tmp_path / "store" / "appendonlydir" / "appendonly.aof.manifest").write_text("nonsense\n")
    server = EmbeddedServer(tmp_path)
    with pytest.raises(Unavailable, match="manifest"):
        server.hold()


def _servers(folder: Path) -> int:
    """How many live processes work on the store's files; what cannot be looked into is none of ours."""
    processes = psutil.process_iter(["cwd", "cmdline"])
    return sum(
        process.info["cwd"] == str(folder / "store") and any("valkey" in word for word in process.info["cmdline"] or ())
        for process in processes
    )


def test_a_silent_server_never_gets_a_second_one_beside_it(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path)
    server.hold()
    pid = int((tmp_path / "store" / "valkey.pid").read_text())
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(Unavailable, match="does not answer"):
            EmbeddedServer(tmp_path, patience=0.2).hold()
        assert _servers(tmp_path) == 1
    finally:
        os.kill(pid, signal.SIGCONT)
    # Nor one that cannot be reached at all.
    (tmp_path / "store" / "valkey.sock").unlink()
    with pytest.raises(Unavailable, match="still works on the files"):
        EmbeddedServer(tmp_path, patience=0.2).hold()
    assert _servers(tmp_path) == 1
    os.kill(pid, signal.SIGTERM)
    again = EmbeddedServer(tmp_path)
    again.hold()
    assert _servers(tmp_path) == 1
    server.release()
    again.release()
    assert _servers(tmp_path) == 0


def test_a_server_that_does_not_answer_in_time_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deaf = tmp_path / "deaf"
    deaf.write_text("#!/bin/sh\nexec sleep 60\n")
    deaf.chmod(0o700)
    monkeypatch.setattr("decision.store.embedded.get_binary_path", lambda: deaf)
    server = EmbeddedServer(tmp_path, patience=0.2)
    started = time.monotonic()
    with pytest.raises(Unavailable, match="did not start"):
        server.hold()
    assert time.monotonic() - started < 30
    monkeypatch.undo()
    # Its lock went with it.
    server.hold()
    server.release()


async def test_opens_what_the_settings_name(tmp_path: Path, valkey_url: str, cluster_server: str) -> None:
    for url in ("", valkey_url, cluster_server):
        async with open_store(Settings(store=url, data=str(tmp_path))) as store:
            await store.put("a", b"1")
            await store.put("b", b"2")
            assert await store.get_many(["a", "b"]) == [b"1", b"2"]
    with pytest.raises(Unavailable, match="CONCIERGE_STORE"):
        async with open_store(Settings(store="redis://127.0.0.1:1")):
            pass
