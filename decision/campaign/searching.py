"""Searches all stored profiles for a segment's customers, with as many processes as there are."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

from decision.campaign.hands import Hands
from decision.campaign.segment import PROFILES, customer_in_key
from decision.campaign.workshop import Job, find_customers
from decision.store.port import Store
from rules.ids import CustomerId


async def search(
    job: Job, condition: str, store: Store, hands: Hands, advance: Callable[[int], None]
) -> AsyncIterator[Sequence[CustomerId]]:
    """The customers in a segment, page by page; a name may come more than once.

    `advance` is told how many profiles more were looked at.
    """
    under_way: dict[asyncio.Future[list[CustomerId]], int] = {}
    try:
        async for page in store.keys(PROFILES):
            if not page:
                continue
            names = [customer_in_key(key) for key in page]
            under_way[asyncio.wrap_future(hands.executor.submit(find_customers, job, condition, names))] = len(names)
            while len(under_way) > 2 * hands.size:
                for found in await _landed(under_way, advance):
                    yield found
        while under_way:
            for found in await _landed(under_way, advance):
                yield found
    finally:
        for future in under_way:
            future.cancel()


async def _landed(
    under_way: dict["asyncio.Future[list[CustomerId]]", int], advance: Callable[[int], None]
) -> list[Sequence[CustomerId]]:
    done, _ = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
    for future in done:
        advance(under_way.pop(future))
    return [future.result() for future in done]
