"""A bulk process: decides what its worker sends, line by line as the worker would, and ends when that is gone.

It is the same service over connections of its own, without HTTP; batches keep it in step with its worker.
"""

import asyncio
import signal
import socket
import sys
from contextlib import suppress

import uvloop

from decision.collector import collect_seldom
from decision.composition import open_bulk_service
from decision.figures import figures
from decision.http.bulk_lines import answer_lines
from decision.logs import configure_logs, log
from decision.priority import give_way
from decision.service.bulk.frame import ALIVE, Batch, decode_batch, frame, read_frame, serving
from decision.service.concierge import Concierge
from decision.settings import read_settings
from rules.errors import ConciergeError, Unavailable

LIFE_SECONDS = 1.0
"""How often it says that it lives."""

AT_ONCE = 3
"""How many batches are under way at once, whoever sent them: while one is decided, others wait for the store, which
is asked for no more together."""

READ_AHEAD = 1 << 20


def main() -> None:
    """Answer what comes over the socket whose number is the first argument, until its other end is closed."""
    # Ctrl+C is for the worker, which finishes what it has begun.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    settings = read_settings()
    configure_logs(settings.log_level)
    collect_seldom()
    connection = socket.socket(fileno=int(sys.argv[1]))

    async def run() -> None:
        async with open_bulk_service(settings) as concierge, figures.handing_over():
            if concierge.refresher.snapshot is None:
                raise Unavailable(f"There is nothing to serve: {concierge.refresher.problems}.")
            reader, writer = await asyncio.open_connection(sock=connection, limit=READ_AHEAD)
            # Only now, for under load a process that gives way to everybody would never get here.
            # Whoever waits for one decision comes before everybody who waits for a hundred thousand.
            give_way()
            try:
                await serve(concierge, reader, writer)
            finally:
                writer.close()

    try:
        uvloop.run(run())
    except ConciergeError as error:
        log.error("bulk_process_failed", error=str(error))
        sys.exit(1)
    except Exception as error:
        log.error("bulk_process_failed", exc_info=error)
        sys.exit(1)


async def serve(concierge: Concierge, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer every batch, in order, until the other end is closed; what has begun by then is still decided.

    Raises what goes wrong with a batch, for its worker would wait for the answer: it learns of it by our end.
    """
    begun: asyncio.Queue[asyncio.Task[bytes] | None] = asyncio.Queue()
    free = asyncio.Semaphore(AT_ONCE)

    async def send() -> None:
        # Where nobody is left to read, the rest is decided all the same: some of it may be stored already.
        while (task := await begun.get()) is not None:
            answers = await task
            free.release()
            if not writer.is_closing():
                writer.write(frame(answers))

    async def live() -> None:
        while not writer.is_closing():
            writer.write(ALIVE)
            await asyncio.sleep(LIFE_SECONDS)

    async with asyncio.TaskGroup() as group:
        living = group.create_task(live())
        group.create_task(send())
        try:
            with suppress(OSError):
                while (body := await read_frame(reader)) is not None:
                    await free.acquire()
                    begun.put_nowait(group.create_task(answer(concierge, decode_batch(body))))
        finally:
            living.cancel()
            begun.put_nowait(None)


async def answer(concierge: Concierge, batch: Batch) -> bytes:
    """The answers to a batch, by nothing older than what its worker serves."""
    if serving(concierge.refresher.snapshot) != batch.serving:
        try:
            await concierge.refresher.refresh()
        except Exception as error:
            log.warning("bulk_process_behind", error=str(error))
    return await answer_lines(concierge, batch.key, batch.lines, batch.bulk)


if __name__ == "__main__":
    main()
