"""`python -m loadtest.foresight`: ten changes of the hotel workspace, foreseen and then made."""

import asyncio
from pathlib import Path
from signal import SIGTERM

import rich_click as click
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from loadtest.errors import WorldError
from loadtest.foresight.figures import Pair
from loadtest.foresight.run import Foresight
from loadtest.hotel.world import Size


@click.command()
@click.option("--share", type=click.FloatRange(0.02, 4.0), default=1.0, show_default=True, help="Size of the world.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Which world to draw.")
@click.option(
    "--work",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("foresight-data"),
    show_default=True,
    help="Folder for everything it makes; emptied first.",
)
def foresight(share: float, seed: int, work: Path) -> None:
    """Foresee ten changes of the hotel workspace by `concierge simulate`, then make each of them on the same visits,
    and print both side by side."""
    console, whole = Console(), Size()
    size = Size(*(round(getattr(whole, field) * share) for field in Size.__struct_fields__))
    try:
        pairs = asyncio.run(_run(Foresight(work, size, seed, console)))
    except WorldError as error:
        raise click.ClickException(str(error)) from error
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise click.ClickException("Stopped.") from None
    console.print(pairs_table(pairs))
    told = [pair.held for pair in pairs if pair.held is not None]
    console.print(
        f"Of {len(told)} changes whose value the log could tell, the truth lies within the interval (widened by two of "
        f"its own errors) for {sum(told)}; for {len(pairs) - len(told)} no value was told."
    )


def pairs_table(pairs: list[Pair]) -> Table:
    """Euro per decision, foreseen and come."""
    table = Table(title="Ten changes, euro per decision", title_justify="left", box=SIMPLE, pad_edge=False)
    table.add_column("change")
    for heading in ("decisions otherwise", "foreseen gain (95 %)", "gain that came", "within"):
        table.add_column(heading, justify="right")
    for pair in pairs:
        seen = pair.simulated.whole
        refusal = "no value" if seen is None else seen.support.refusal
        told = (
            refusal if seen is None or seen.gain is None else f"{seen.gain:+.3f} ({seen.low:+.3f} to {seen.high:+.3f})"
        )
        within = {None: "–", True: "yes", False: "no"}[pair.held]
        came = f"{pair.truth.gain:+.3f} ± {pair.truth.error:.3f}"
        table.add_row(pair.name, f"{pair.simulated.otherwise:.0%}", told, came, within)
    return table


async def _run(run: Foresight) -> list[Pair]:
    task = asyncio.current_task()
    assert task is not None, "a coroutine runs in a task"
    # What it started are processes of their own, which must not be left behind.
    asyncio.get_running_loop().add_signal_handler(SIGTERM, task.cancel)
    return await run.run()


if __name__ == "__main__":
    foresight()
