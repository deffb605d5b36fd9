"""Many steps of one call: so many at a time, and none that is left running unseen when another fails."""

import asyncio
from collections.abc import Coroutine, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

AT_ONCE = 256
"""How many reports (or subjects) of one call are written at the same time; they share the store's round trips."""

Found = TypeVar("Found")


async def gather(steps: Iterable[Coroutine[None, None, Found]]) -> list[Found]:
    """What the steps give, in order; at most `AT_ONCE` run at the same time.

    The first failure is raised when every step that had begun has ended; those after it are never begun, so `steps`
    should make them as they are asked for.
    """
    found: list[Found] = []
    waiting = iter(steps)
    while part := list(islice(waiting, AT_ONCE)):
        for result in await asyncio.gather(*part, return_exceptions=True):
            if isinstance(result, BaseException):
                raise result
            found.append(result)
    return found


def parts(items: Sequence[Found], size: int) -> Iterator[Sequence[Found]]:
    """The items in slices of a size."""
    for first in range(0, len(items), size):
        yield items[first : first + size]
