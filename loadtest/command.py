"""`concierge demo` and `concierge recorded`: watch the service do its whole job."""

import asyncio
import sys
from pathlib import Path
from signal import SIGTERM
from time import perf_counter

import rich_click as click
from rich.console import Console

from loadtest.errors import WorldError
from loadtest.hotel.curl import print_curl_lines
from loadtest.hotel.demo import open_demo
from loadtest.hotel.report import Standings, print_seeds


@click.command()
@click.option("--once", is_flag=True, help="End after the table instead of going on serving.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Which world to draw.")
@click.option("--seeds", type=click.IntRange(1), default=1, help="With --once: this many worlds, one after the other.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port of the service; 8080, or any free one, without it.")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Serving processes.")
def demo(once: bool, seed: int, seeds: int, port: int | None, workers: int) -> None:
    """Drive a simulated hotel group: decide, learn from the answers, decide better.

    Publishes the hotel workspace to a new store, imports guests, serves web visits, calls and an e-mail campaign,
    trains a model on the journal, swaps it in, serves the same people again and prints how each policy did.
    """
    if seeds > 1 and not once:
        raise click.UsageError("--seeds draws several worlds one after the other; give --once with it.")
    console = Console()
    runs: list[Standings] = []
    try:
        for number in range(seed, seed + seeds):
            if seeds > 1:
                console.rule(f"Seed {number}")
            runs.append(asyncio.run(_demo(console, number, port, workers, once)))
    except WorldError as error:
        raise click.ClickException(str(error)) from error
    except (KeyboardInterrupt, asyncio.CancelledError):
        console.print("Stopped.")
        return
    if seeds > 1 and not print_seeds(console, runs):
        sys.exit(1)


async def _demo(console: Console, seed: int, port: int | None, workers: int, once: bool) -> Standings:
    begun = perf_counter()
    task = asyncio.current_task()
    assert task is not None, "a coroutine runs in a task"
    # The service is another process: whoever ends the demo must not leave it behind.
    asyncio.get_running_loop().add_signal_handler(SIGTERM, task.cancel)
    async with open_demo(console, seed=seed, port=port, workers=workers) as running:
        standings = await running.run()
        console.print(f"All of it took {perf_counter() - begun:.0f} s.")
        if not once:
            await print_curl_lines(console, running)
            await asyncio.Event().wait()
    return standings


@click.command()
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    required=True,
    help="Folder that holds starbucks-rewards/.",
)
@click.option("--port", type=click.IntRange(1, 65535), help="Port of the service; 8080, or any free one, without it.")
def recorded(data: Path, port: int | None) -> None:
    """Run the same loop on the recorded Starbucks experiment and report what the trained policy is worth."""
    from loadtest.starbucks.run import run  # noqa: PLC0415  the demo must not need it

    run(data, port)
