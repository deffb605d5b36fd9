"""What one `concierge serve` has for itself: its port, and its embedded store."""

import errno
import fcntl
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rules.errors import Conflict

PATIENCE_SECONDS = 3.0
"""How long the port may still be taken: the workers of a service that was killed need a moment to end."""


def check_port(host: str, port: int, patience: float = PATIENCE_SECONDS) -> None:
    """Make sure that nobody listens at the address; raises `Conflict` when somebody does.

    Workers share a port among themselves, so the system would let them share it with a stranger too.
    """
    end = time.monotonic() + patience
    while True:
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            with socket.socket(family, kind, protocol) as probe:
                # Connections that a stopped service closed linger at the port and are no obstacle.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
            return
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() >= end:
                raise Conflict(
                    f"Cannot listen at {host}, port {port}: {error.strerror}. "
                    "Stop what listens there, or give another --host or --port."
                ) from error
        time.sleep(0.05)


@contextmanager
def sole_service(folder: Path) -> Iterator[None]:
    """Be the one service over the embedded store of a data folder; raises `Conflict` when another one is."""
    with open(folder / "serve.lock", "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(
                f"Another `concierge serve` works in {folder}; stop it, give this one another --data, "
                "or name a --store that both share."
            ) from None
        yield
