"""Waits until a service has done what the load before left it to do: segments to write, a store to put in order."""

import asyncio
from collections.abc import Callable

from loadtest.bench.errors import Overload
from loadtest.bench.process_time import ProcessTime

STILL = 0.1
"""Share of one core that all processes of a service together use at most when nobody asks for anything."""

LOOK_SECONDS = 1.0
MOST_SECONDS = 60.0


async def rest(time: Callable[[], ProcessTime | None], look: float = LOOK_SECONDS, most: float = MOST_SECONDS) -> float:
    """Return once it hardly works any more; gives how many seconds that took, 0 where the system does not tell.

    `time` is the processor time of its processes so far. Raises `Overload` when it still works after `most` seconds.
    """
    loop = asyncio.get_running_loop()
    begun, before = loop.time(), time()
    while before is not None:
        looked = loop.time()
        await asyncio.sleep(look)
        now = time()
        if now is None:
            break
        share = now.since(before).whole / (loop.time() - looked)
        if share <= STILL:
            return loop.time() - begun
        if loop.time() - begun > most:
            raise Overload(f"The service still uses {share:.0%} of a core {most:.0f} s after the load before.")
        before = now
    return 0.0
