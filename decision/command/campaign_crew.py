"""The processes that work on a campaign: this machine's, one for each core."""

import os
import signal
from concurrent.futures import Executor, ProcessPoolExecutor
from multiprocessing import get_context

from decision.campaign.running import Crew
from decision.command.parent import end_with
from decision.logs import configure_logs

DRAIN_SECONDS = 5.0

PRIORITY = 10
"""How nice the processes are: whoever waits for one decision comes before a campaign."""


def local_crew(processes: int) -> Crew:
    """So many processes of this machine, each of an interpreter of its own."""

    def hire() -> Executor:
        # A fork would copy the locks and connections that this process's threads hold just then.
        return ProcessPoolExecutor(processes, get_context("spawn"), initializer=_begin, initargs=(os.getpid(),))

    return Crew(hire, processes)


def _begin(parent: int) -> None:
    # Ctrl+C is for the parent, which lets chunks that were begun be finished.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(PRIORITY)
    configure_logs("warning")
    end_with(parent, DRAIN_SECONDS)
