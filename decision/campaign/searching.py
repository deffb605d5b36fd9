"""Searches all stored profiles for a segment's customers, with as many processes as there are."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Executor, Future

from decision.campaign.hands import Hands
from decision.campaign.segment import PROFILES, Found, customer_in_key
from decision.campaign.workshop import Job, find_customers
from decision.store.port import Store
from rules.ids import CustomerId

PAGES = 64
"""Pages of names for each process before more are asked for: few enough to hold, enough to keep all at work."""

Names = Sequence[CustomerId]


async def search(
    job: Job, condition: str, store: Store, hands: Hands, advance: Callable[[int], None], stopping: asyncio.Event
) -> AsyncIterator[Found]:
    """Who is in a segment, page by page, until all are found or told to stop; a name may come more than once.

    `advance` is told how many profiles more were looked at. What a process that dies had begun is begun again.
    """
    waiting: list[Names] = []
    async for page in store.keys(PROFILES):
        if page:
            waiting.append([customer_in_key(key) for key in page])
        if len(waiting) == PAGES * hands.size:
            for found in await _look(job, condition, waiting, hands, advance, stopping):
                yield found
            waiting = []
    for found in await _look(job, condition, waiting, hands, advance, stopping):
        yield found


async def _look(
    job: Job,
    condition: str,
    pages: Sequence[Names],
    hands: Hands,
    advance: Callable[[int], None],
    stopping: asyncio.Event,
) -> list[Found]:
    landed: list[Found] = []

    def submit(executor: Executor, page: int) -> Future[Found]:
        return executor.submit(find_customers, job, condition, pages[page])

    async def land(page: int, found: Found) -> None:
        landed.append(found)
        advance(len(pages[page]))

    await hands.work(range(len(pages)), submit, land, stopping)
    return landed
