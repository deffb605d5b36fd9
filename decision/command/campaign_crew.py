"""The processes that work on a campaign: this machine's, or those of a Dask cluster."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context

from decision.campaign.hands import Crew
from decision.logs import configure_logs
from decision.parent import end_with
from decision.priority import give_way
from rules.errors import Unavailable

DRAIN_SECONDS = 5.0
CONNECT_SECONDS = 10.0


@contextmanager
def local_crew(processes: int) -> Iterator[Crew]:
    """So many processes of this machine, each of an interpreter of its own."""

    def hire() -> Executor:
        # A fork would copy the locks and connections that this process's threads hold just then.
        return ProcessPoolExecutor(processes, get_context("spawn"), initializer=_begin, initargs=(os.getpid(),))

    yield Crew(hire, processes)


@contextmanager
def dask_crew(address: str) -> Iterator[Crew]:
    """The workers of a Dask cluster, which have this package and reach the same store; raises `Unavailable`,
    also when the scheduler goes away inside the block."""
    try:
        from distributed import Client, KilledWorker  # noqa: PLC0415  (an extra that most do without)
        from distributed.client import FutureCancelledError  # noqa: PLC0415
    except ImportError as error:
        raise Unavailable("Dask is not installed; install `concierge[dask]`.") from error
    try:
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, TimeoutError, ValueError) as error:
        raise Unavailable(f"No Dask scheduler answers at {address!r}: {error}") from error
    with client:
        workers = len(client.scheduler_info(n_workers=-1)["workers"])
        if workers == 0:
            raise Unavailable(f"The Dask scheduler at {address!r} has no workers yet; start some.")
        # A chunk that is begun anew gives the same, but another process has to begin it.
        try:
            yield Crew(
                partial(client.get_executor, pure=False), workers, KilledWorker, partial(client.scatter, broadcast=True)
            )
        except (OSError, FutureCancelledError) as error:
            raise Unavailable(
                f"The Dask scheduler at {address!r} went away: {error}. What was decided is kept: once it is back, run "
                "the same command again, and it goes on."
            ) from error


def _begin(parent: int) -> None:
    # What ends the whole group (Ctrl+C, `timeout`) is for the parent, which lets chunks that were begun be finished.
    os.setpgrp()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    configure_logs("warning")
    end_with(parent, DRAIN_SECONDS)
    give_way()
