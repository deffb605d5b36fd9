"""The worker processes of the service, and the end of one of them without any warning."""

import os
from contextlib import suppress
from pathlib import Path
from random import Random
from signal import SIGKILL


def workers(server: int) -> list[int]:
    """The processes that serve, of a service's first process."""
    return [child for child in _children(server) if b"spawn_main" in _command(child)]


def kill_one(server: int, random: Random) -> bool:
    """Kill a worker of the service as `kill -9` does, if there is more than one; says whether it did."""
    alive = workers(server)
    if len(alive) < 2:
        return False
    with suppress(ProcessLookupError):
        os.kill(random.choice(alive), SIGKILL)
        return True
    return False


def server_of(parent: int) -> int:
    """The first process of the service that a process started; raises `StopIteration` where there is none."""
    return next(child for child in _children(parent) if b"serve" in _command(child).split(b"\0"))


def _children(parent: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{parent}/task").glob("*/children"):
        with suppress(OSError):
            found += [int(child) for child in task.read_text().split()]
    return found


def _command(process: int) -> bytes:
    with suppress(OSError):
        return Path(f"/proc/{process}/cmdline").read_bytes()
    return b""
