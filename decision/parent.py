"""What ends a process when the one that started it is gone, for a killed parent cannot end its children itself."""

import os
import signal
import threading
import time

LOOK_SECONDS = 0.2


def end_with(parent: int, drain_seconds: float) -> None:
    """Watch the parent process from now on; once it is gone, do what it would have done.

    That is SIGTERM, which lets this process finish what it has begun, and SIGKILL when it has not ended after
    `drain_seconds`.
    """
    threading.Thread(target=_watch, args=(parent, drain_seconds), name="parent-watch", daemon=True).start()


def _watch(parent: int, drain_seconds: float) -> None:
    # A child whose parent ends is given to another one.
    while os.getppid() == parent:
        time.sleep(LOOK_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(drain_seconds)
    os.kill(os.getpid(), signal.SIGKILL)
