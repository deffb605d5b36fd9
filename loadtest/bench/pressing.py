"""Putting load on an address, from a process of its own."""

import asyncio
import sys
from collections.abc import Sequence
from urllib.parse import urlsplit

import msgspec

from loadtest.bench.errors import Overload
from loadtest.bench.load import Load, Plan

CONNECTIONS = (8, 16, 32, 64, 128)
"""How many connections are tried to find the best."""

MOST_OPEN = 256
"""Connections of an open plan; a service that has more requests under way than that is not keeping up anyway."""

_MOST_INCOMPLETE = 0.01


async def press(
    address: str, requests: Sequence[bytes], *, connections: int, seconds: float, whole: bool = True
) -> Load:
    """Closed load: every connection asks again as soon as it is answered."""
    return await _run(_plan(address, requests, "closed", connections, seconds), whole)


async def arrive(address: str, requests: Sequence[bytes], *, rate: float, seconds: float, whole: bool = True) -> Load:
    """Open load: `rate` requests a second, whatever becomes of them."""
    plan = _plan(address, requests, "open", min(MOST_OPEN, max(16, int(rate / 4))), seconds)
    return await _run(msgspec.structs.replace(plan, rate=rate), whole)


async def best_connections(address: str, requests: Sequence[bytes], seconds: float) -> int:
    """How many connections bring the most answers per second, of those that the service bears.

    Raises `Overload` when it bears none.
    """
    found: dict[int, float] = {}
    failure = Overload(f"{address} was not asked.")
    for connections in CONNECTIONS:
        try:
            load = await press(address, requests, connections=connections, seconds=seconds)
        except Overload as error:
            failure = error
        else:
            found[connections] = load.per_second
    if not found:
        raise failure
    return max(found, key=lambda connections: found[connections])


def _plan(address: str, requests: Sequence[bytes], mode: str, connections: int, seconds: float) -> Plan:
    place = urlsplit(address)
    return msgspec.convert(
        {
            "host": place.hostname, "port": place.port, "requests": tuple(requests), "mode": mode,
            "connections": connections, "seconds": seconds,
        },
        Plan,
    )  # fmt: skip


async def _run(plan: Plan, whole: bool) -> Load:
    """Raises `Overload` when an answer failed or, where `whole`, more than one in a hundred was not a whole one.

    A request at a fixed moment may not be dropped at all: its latency would be missing.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "loadtest.bench.generator",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        out, err = await process.communicate(msgspec.msgpack.encode(plan))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        last = err.decode(errors="replace").strip().splitlines()[-1:]
        raise Overload(f"The load generator for {plan.host}:{plan.port} stopped: {last}")
    load = msgspec.msgpack.decode(out, type=Load)
    if load.failed:
        told = f"Of {load.answers} answers of {plan.host}:{plan.port} some failed"
        raise Overload(f"{told}, by status: {load.failed}.")
    if load.dropped and (plan.mode == "open" or not load.answers):
        raise Overload(f"{plan.host}:{plan.port} hung up on {load.dropped} requests, and answered {load.answers}.")
    if whole and not _is_whole(load):
        told = f"{load.degraded} of {load.answers} decisions left a part out, and {load.dropped} requests were dropped"
        raise Overload(f"{told}; their speed means nothing.")
    return load


def _is_whole(load: Load) -> bool:
    return load.degraded + load.dropped <= _MOST_INCOMPLETE * load.answers
