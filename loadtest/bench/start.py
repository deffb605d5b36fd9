"""`ready_seconds`: from starting the service to its being ready to decide, with warm and with cold caches on disk."""

import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

from rich.console import Console

from loadtest.bench.effort import Effort
from loadtest.bench.errors import Mismatch
from loadtest.bench.figure import Figure, Outcome, Series, at_most, divide
from loadtest.bench.hotel_service import SCOPES, swap
from loadtest.bench.hotel_workspace import CAPPED, write_workspace
from loadtest.bench.kernels.hotel_model import grow_model
from loadtest.bench.server_process import any_port
from loadtest.client import Client
from loadtest.hotel.demo import make_key
from loadtest.hotel.world import Size, make_world
from loadtest.messages import Question
from loadtest.service_process import Concierge

AIM = 5.0


async def measure_start(console: Console, effort: Effort) -> AsyncIterator[Outcome]:
    """Store, supervisor and one worker, started in turns with the kernels compiled before and with none.

    The service holds 1000 offers and a model of 200 trees. Both contestants start from their own folder of compiled
    kernels; the cold one's is empty.
    """
    world = make_world(1, int(time.time() * 1000), Size(guests=200, visitors=10, web=400, calls=10, mails=10))
    folder = Path(tempfile.mkdtemp(prefix="concierge-bench-"))
    try:
        workspace = write_workspace(folder / "workspace")
        with console.status("Growing a forest for the hotel group"):
            model = grow_model(world, *workspace, seed=1)
        warm = Concierge(folder / "data", {"NUMBA_CACHE_DIR": str(folder / "warm")}, log_level="warning")
        await warm.run("publish", str(folder / "workspace"))
        key = await make_key(warm, "bench", SCOPES)
        async with warm.serving(any_port()) as address, Client(address, key) as client:
            await swap(client, model)
        times: dict[str, list[float]] = {"warm": [], "cold": []}
        with console.status("Starting the service again and again"):
            for round in range(effort.rounds):
                cold = Concierge(
                    folder / "data", {"NUMBA_CACHE_DIR": str(folder / f"cold-{round}")}, log_level="warning"
                )
                for name, concierge in (("warm", warm), ("cold", cold)):
                    times[name].append(await _start(concierge, key))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    yield Figure(
        name="ready_seconds",
        case="1,000 offers, 200 trees, one worker, kernels compiled before",
        against="the same without compiled kernels on disk",
        unit="s",
        ratio=divide(times["cold"], times["warm"]),
        ours=Series.of(times["warm"]),
        theirs=Series.of(times["cold"]),
        checked="the first decision has three offers, ranked by the model, and leaves nothing out",
        goals=(at_most("seconds", Series.of(times["warm"]), AIM),),
        notes=("from starting the command to ready: store, supervisor and worker",),
    )


async def _start(concierge: Concierge, key: str) -> float:
    """Seconds until the service is ready; then it must decide as it should."""
    begun = time.perf_counter()
    async with concierge.serving(any_port()) as address:
        seconds = time.perf_counter() - begun
        async with Client(address, key) as client:
            slate, _ = await client.decide(Question(CAPPED, dry_run=True))
    if slate.model is None or slate.degraded or len(slate.offers) != 3:
        raise Mismatch(f"The service is ready, but does not decide as it should: {slate}.")
    return seconds
