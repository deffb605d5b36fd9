"""The naive service of the baselines, given the same forest, the same offers and the same profiles."""

import asyncio
import csv
import json
import os
import tempfile
import time
import tomllib
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec
import numpy as np
from redis.asyncio import Redis

from loadtest.bench.errors import Mismatch
from loadtest.bench.hotel_service import HotelService
from loadtest.bench.hotel_workspace import bench_workspace
from loadtest.bench.server_process import any_port, serving, valkey
from loadtest.hotel.arrival import CALLS_AT_ONCE
from loadtest.hotel.offers import workspace_folder
from loadtest.messages import Question

_WORDS = ("id", "theme", "climate", "destination", "brand", "country")
_NUMBERS = ("stars", "price", "rate", "margin", "nights")


@asynccontextmanager
async def naive_services(
    service: HotelService, customers: Sequence[str], threads: Sequence[int]
) -> AsyncIterator[tuple[str, ...]]:
    """One service per number of threads that predict, over one store; gives their addresses."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        socket = await stack.enter_async_context(valkey(durable=True))
        store = await stack.enter_async_context(Redis(unix_socket_path=str(socket)))
        await _copy_profiles(service, store, customers)
        (folder / "model.json").write_bytes(_material(service))
        addresses = []
        for count in threads:
            port = any_port()
            # A server that computes for longer than its five seconds of patience would hang up on those who wait.
            words = (
                "-m", "uvicorn", "loadtest.baselines.naive:app", "--factory", "--port", str(port), "--loop", "uvloop",
                "--log-level", "warning", "--no-access-log", "--timeout-keep-alive", "60",
            )  # fmt: skip
            settings = {
                "NAIVE_REDIS": str(socket), "NAIVE_MODEL": str(folder / "model.json"), "NAIVE_THREADS": str(count),
            }  # fmt: skip
            addresses.append(await stack.enter_async_context(serving(words, port, settings)))
        yield tuple(addresses)


async def compare_propensities(service: HotelService, address: str, questions: Sequence[Question]) -> int:
    """How many shown offers were compared; raises `Mismatch` when a propensity is another one there.

    The questions give the moment, and their customers have no contact history.
    """
    compared = 0
    for question in questions:
        shown = json.loads(await service.ask(question))["offers"]
        theirs = json.loads(await service.ask(question, address, "/propensities"))
        for offer in shown:
            compared += 1
            if not np.isclose(offer["propensity"], theirs[offer["offer"]], rtol=1e-9, atol=0.0):
                raise Mismatch(
                    f"the naive service gives {offer['offer']} the propensity {theirs[offer['offer']]} for "
                    f"{question.customer}, and not {offer['propensity']}"
                )
    return compared


def thread_counts() -> tuple[int, ...]:
    """One thread, and as many as there are cores."""
    return tuple(sorted({1, os.cpu_count() or 1}))


async def _copy_profiles(service: HotelService, store: "Redis", customers: Sequence[str]) -> None:
    """What Concierge knows of each customer, as JSON; `as_of` is when the weights were those."""
    waiting = iter(customers)

    async def copy() -> None:
        for customer in waiting:
            known = json.loads(await service.client.get(f"/v1/customers/{customer}"))
            await store.set(customer, json.dumps(known | {"shown": [], "as_of": int(time.time() * 1000)}))

    await asyncio.gather(*(copy() for _ in range(CALLS_AT_ONCE)))


def _material(service: HotelService) -> bytes:
    with (workspace_folder() / "offers.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    columns: dict[str, list[str | float | None]] = {name: [row[name] or None for row in rows] for name in _WORDS}
    columns |= {name: [float(row[name]) if row[name] else None for row in rows] for name in _NUMBERS}
    affinities = tomllib.loads(bench_workspace()[0].decode())["affinities"]
    half_lives = {name: float(declared["half_life"].removesuffix("d")) for name, declared in affinities.items()}
    model = service.model
    return msgspec.json.encode(
        {
            "forest": model.forest, "names": model.names, "categories": model.categories, "offers": columns,
            "half_lives": half_lives,
        }
    )  # fmt: skip
