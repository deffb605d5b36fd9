"""The step from a journal full of answers to a model that serves, while the service goes on deciding."""

import asyncio
from contextlib import suppress
from time import perf_counter

import msgspec
from rich.console import Console

from loadtest.client import Client
from loadtest.errors import SwapFailed
from loadtest.messages import Question, Training
from loadtest.service_process import Concierge

GOAL = "accept"
SWAP_SECONDS = 30.0
_PAUSE = 0.1


async def learn(console: Console, concierge: Concierge, client: Client, now: str) -> None:
    """Train on the journal and wait until the service ranks with the new model; asks for decisions all the while.

    `now` (RFC 3339) is when everyone has had time to answer.
    """
    figures = concierge.data / "training.json"
    probe = _Probe()
    asking = asyncio.create_task(probe.run(client))
    begun = perf_counter()
    try:
        with console.status("Training on the journal"):
            said = await concierge.run("train", "--goal", GOAL, "--now", now, "--json", str(figures))
        trained = perf_counter()
        training = msgspec.json.decode(figures.read_bytes(), type=Training)
        version = training.version
        if not training.in_use:
            await concierge.run("model", "activate", version)
        await await_model(client, version)
    finally:
        asking.cancel()
        with suppress(asyncio.CancelledError):
            await asking
    console.print(said.rstrip(), style="dim", markup=False, highlight=False)
    if not training.in_use:
        failed = ", ".join(check.name for check in training.gate.checks if not check.passed)
        console.print(
            f"The gate does not let it pass, for what stands above under {failed}. To show what it does, it is put to "
            "use all the same, by `concierge model activate`."
        )
    console.print(
        f"Trained in {trained - begun:.1f} s, and serving model {version} {perf_counter() - trained:.1f} s later. "
        f"{probe.decisions} decisions were made meanwhile, the slowest in {probe.slowest * 1000.0:.0f} ms."
    )


async def await_model(client: Client, version: str) -> None:
    """Wait until the worker that answers has swapped the version in."""
    begun = perf_counter()
    while (await client.models()).serving.get(GOAL) != version:
        if perf_counter() - begun > SWAP_SECONDS:
            raise SwapFailed(
                f"Model {version} did not come into service in {SWAP_SECONDS:.0f} s; GET /health/ready says why."
            )
        await asyncio.sleep(_PAUSE)


class _Probe:
    """Asks for decisions until it is cancelled; `slowest` is in seconds."""

    def __init__(self) -> None:
        self.decisions = 0
        self.slowest = 0.0

    async def run(self, client: Client) -> None:
        while True:
            _, seconds = await client.decide(Question("web-home", dry_run=True))
            self.decisions += 1
            self.slowest = max(self.slowest, seconds)
            await asyncio.sleep(_PAUSE)
