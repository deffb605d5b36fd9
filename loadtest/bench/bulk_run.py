"""One campaign over the bulk endpoint."""

import asyncio
import time
from collections.abc import AsyncIterator

import aiohttp
import msgspec

from loadtest.bench.errors import Overload
from loadtest.bench.hotel_service import HotelService
from loadtest.bench.process_time import ProcessTime
from loadtest.bench.wire import is_degraded

_CHUNK = 256
"""Lines sent at once."""


class BulkRun(msgspec.Struct, frozen=True):
    """How long a campaign took, and the service's processor time meanwhile (None where the system does not tell)."""

    customers: int
    seconds: float
    degraded: int
    used: ProcessTime | None

    @property
    def per_second(self) -> float:
        """Customers per second."""
        return self.customers / self.seconds

    @property
    def per_core(self) -> float:
        """Customers per second of processor time of the whole service, or per second where that is not known."""
        return self.customers / self.used.whole if self.used and self.used.whole else self.per_second


async def run_bulk(service: HotelService, placement: str, customers: int) -> BulkRun:
    """Decide for so many customers; raises `Overload` when a line is missing or is an error."""
    questions = service.questions(placement)
    lines = [msgspec.json.encode(question) + b"\n" for question in questions]

    async def body() -> AsyncIterator[bytes]:
        for first in range(0, customers, _CHUNK):
            yield b"".join(lines[at % len(lines)] for at in range(first, min(first + _CHUNK, customers)))

    headers = {"authorization": f"Bearer {service.key}", "content-type": "application/x-ndjson"}
    before, begun = service.time(), time.perf_counter()
    answered = degraded = 0
    held = b""
    async with (
        aiohttp.ClientSession(
            service.address, headers=headers, timeout=aiohttp.ClientTimeout(total=None), read_bufsize=1 << 20
        ) as session,
        session.post("/v1/decisions/bulk", data=body()) as response,
    ):
        if response.status != 200:
            raise Overload(f"POST /v1/decisions/bulk: {response.status} {await response.text()}")
        async for chunk in response.content.iter_any():
            *whole, held = (held + chunk).split(b"\n")
            for line in whole:
                if not line.startswith(b'{"decision"'):
                    raise Overload(f"A line of the bulk was not decided: {line.decode(errors='replace')}")
                answered += 1
                degraded += is_degraded(line)
            await asyncio.sleep(0)
    seconds, after = time.perf_counter() - begun, service.time()
    if answered != customers:
        raise Overload(f"Of {customers} lines only {answered} were answered.")
    return BulkRun(customers, seconds, degraded, after.since(before) if after and before else None)
