"""An engine process: weighs tasks that its worker sends, knows no store, and ends when its worker is gone."""

import gc
import os
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

from decision.engine.engine import decide
from decision.engine.request import DecisionRequest
from decision.engine.snapshot import Snapshot
from decision.service.bulk.engine_frame import LENGTH_BYTES, Batch, Drop, Load, Outcomes, decode_message, encode_frame
from decision.service.bulk.task import weigh_task
from decision.subject.profile import EMPTY_PROFILE
from rules.contact import NO_CONTACTS
from rules.ids import Instant

LEAST_PRIORITY = 19
"""How nice it is: whoever waits for one decision comes before everybody who waits for a hundred thousand."""


def main() -> None:
    """Answer what comes over the socket whose number is the first argument, until its other end is closed."""
    # Ctrl+C is for the worker, which finishes what it has begun.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _give_way()
    with socket.socket(fileno=int(sys.argv[1])) as connection:
        serve(connection)


def serve(connection: socket.socket) -> None:
    """Answer every message, in order, until the other end is closed."""
    stream = connection.makefile("rb")
    snapshots: dict[int, Snapshot] = {}
    while length := stream.read(LENGTH_BYTES):
        message = decode_message(stream.read(int.from_bytes(length, "big")))
        outcomes: Outcomes = []
        match message:
            case Load():
                snapshots[message.number] = _warm(message.parcel.build())
            case Drop():
                del snapshots[message.number]
            case Batch():
                snapshot = snapshots[message.number]
                outcomes = [weigh_task(snapshot, task) for task in message.tasks]
        connection.sendall(encode_frame(outcomes))


def _give_way() -> None:
    os.nice(LEAST_PRIORITY)
    # Where Linux shares the cores out by session first, it is the session that has to be nice; this process leads one.
    with suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(LEAST_PRIORITY))


def _warm(snapshot: Snapshot) -> Snapshot:
    for placement in snapshot.placements:
        decide(DecisionRequest(placement), EMPTY_PROFILE, NO_CONTACTS, snapshot, Instant(0), 0)
    # What stays for as long as the snapshot does would be walked by every full collection.
    gc.freeze()
    return snapshot


if __name__ == "__main__":
    main()
