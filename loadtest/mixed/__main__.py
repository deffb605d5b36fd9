"""`python -m loadtest.mixed`: decisions of every kind with swaps in the middle, and their replay."""

import asyncio
import sys
from pathlib import Path
from signal import SIGTERM

import rich_click as click
from rich.console import Console

from loadtest.errors import WorldError
from loadtest.mixed.run import MixedRun, Replayed


@click.command()
@click.option("--decisions", type=click.IntRange(1_000), default=100_000, show_default=True, help="How many in all.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Which guests, visits and models.")
@click.option(
    "--work",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("mixed-data"),
    show_default=True,
    help="Folder for everything it makes; emptied first.",
)
def mixed(decisions: int, seed: int, work: Path) -> None:
    """Decide over web, call centre, bulk and campaign at once while catalogue and model are swapped, then replay all;
    exit status 1 unless every decision comes out the same."""
    console = Console()
    try:
        found = asyncio.run(_run(MixedRun(work, decisions, seed, console)))
    except WorldError as error:
        raise click.ClickException(str(error)) from error
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise click.ClickException("Stopped.") from None
    for kind, count in sorted(found.decided.items()):
        console.print(f"{kind}: {count:,}")
    console.print(f"Swapped meanwhile: {found.swaps}; decisions that had to do without a part: {found.degraded or 0}")
    console.print(
        f"{found.same:,} of {found.decisions:,} decisions are the same bit for bit, in {found.seconds:.1f} s "
        f"({found.decisions / found.seconds:,.0f}/s)."
    )
    if not found.whole:
        sys.exit(1)


async def _run(run: MixedRun) -> Replayed:
    task = asyncio.current_task()
    assert task is not None, "a coroutine runs in a task"
    # What it started are processes of their own, which must not be left behind.
    asyncio.get_running_loop().add_signal_handler(SIGTERM, task.cancel)
    return await run.run()


if __name__ == "__main__":
    mixed()
