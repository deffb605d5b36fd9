"""How a building process begins: it gives way before it loads what it builds with.

That takes a second of a core, of which whoever decides meanwhile should feel nothing. So this module imports nothing
that takes long, and `building_process` not until it has given way.
"""

import gc
import os
import signal

from decision.parent import end_with
from decision.priority import LEAST, give_way


def begin(parent: int) -> None:
    """Do what every building process of a worker (`parent`) does first."""
    # A group of its own: Ctrl+C is for the worker, which ends this process when it is done. But not a session: Linux
    # may share the cores out by session first, and then nobody could be nicer than the worker in another one.
    os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    give_way(LEAST)
    end_with(parent, 0.0)
    from decision.version import building_process  # noqa: F401, PLC0415

    # A full collection would walk libraries for a tenth of a second, as long as it takes to bind a catalogue.
    gc.freeze()
