"""How much of the cores a process claims while others want them."""

import os
from contextlib import suppress
from pathlib import Path

LEAST = 19
"""The least claim: for work that nobody waits for, or of which there is much."""


LESS = 5
"""A third of the usual: for work that can wait for a moment but must keep up on a machine without a free core."""


def give_way_here(nice: int = LEAST) -> None:
    """Let others go before the calling thread; where nice is not a thread's own, as on Linux, before its process."""
    os.nice(nice)


def give_way(nice: int = LEAST) -> None:
    """Let other processes go first from now on; `nice` is 1…19."""
    os.nice(nice)
    # Where Linux shares the cores out by session first, it is the session that has to be nice, if this process has one.
    if os.getsid(0) == os.getpid():
        with suppress(OSError):
            Path("/proc/self/autogroup").write_text(str(nice))
