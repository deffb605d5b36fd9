"""The step from a journal full of answers to a model that serves, while the service goes on deciding."""

import asyncio
from contextlib import suppress
from time import perf_counter

from rich.console import Console

from loadtest.client import Client
from loadtest.errors import SwapFailed
from loadtest.messages import Question
from loadtest.service_process import Concierge

GOAL = "accept"
SETTLE_SECONDS = 4.0
SWAP_SECONDS = 30.0
_PAUSE = 0.05


async def learn(console: Console, concierge: Concierge, client: Client) -> None:
    """Train on the journal and wait until the service ranks with the new model; asks for decisions all the while."""
    before = (await client.models()).current.get(GOAL)
    # The sink moves the last records within seconds; training reads what it has moved.
    await asyncio.sleep(SETTLE_SECONDS)
    probe = _Probe()
    asking = asyncio.create_task(probe.run(client))
    begun = perf_counter()
    try:
        with console.status("Training on the journal"):
            said = await concierge.run("train", GOAL)
        trained = perf_counter() - begun
        version = await _swapped(client, before)
    finally:
        asking.cancel()
        with suppress(asyncio.CancelledError):
            await asking
    console.print(said.rstrip(), style="dim", markup=False, highlight=False)
    console.print(
        f"Trained in {trained:.1f} s, in service {perf_counter() - begun - trained:.1f} s later as model {version}; "
        f"{probe.decisions} decisions were made meanwhile, the slowest in {probe.slowest * 1000.0:.0f} ms."
    )


async def _swapped(client: Client, before: str | None) -> str:
    """The version in service, once it is the one in force and not the one before."""
    begun = perf_counter()
    while perf_counter() - begun < SWAP_SECONDS:
        versions = await client.models()
        now = versions.serving.get(GOAL)
        if now is not None and now != before and now == versions.current.get(GOAL):
            return now
        await asyncio.sleep(_PAUSE)
    raise SwapFailed(f"No new model for goal {GOAL!r} came into service; `concierge model list` shows what there is.")


class _Probe:
    """Asks for decisions until it is cancelled; `slowest` is in seconds. A decision that fails ends the demo."""

    def __init__(self) -> None:
        self.decisions = 0
        self.slowest = 0.0

    async def run(self, client: Client) -> None:
        while True:
            _, seconds = await client.decide(Question("web-home", dry_run=True))
            self.decisions += 1
            self.slowest = max(self.slowest, seconds)
            await asyncio.sleep(_PAUSE)
