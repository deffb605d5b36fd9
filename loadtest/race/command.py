"""`concierge race`: see that no cap is ever exceeded, however many decide about one customer at once."""

import asyncio
import sys
from signal import SIGTERM

import rich_click as click
from rich.console import Console

from loadtest.errors import WorldError
from loadtest.race.run import Findings, Race


@click.command()
@click.option("--rounds", type=click.IntRange(1), default=500, show_default=True, help="Customers, one a round.")
@click.option("--workers", type=click.IntRange(1, 64), default=3, show_default=True, help="Serving processes.")
@click.option("--kill-every", type=click.IntRange(0), default=250, show_default=True, help="Rounds; 0 kills nobody.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Which caps and which callers.")
def race(rounds: int, workers: int, kill_every: int, seed: int) -> None:
    """Let 32 callers at once decide about one customer after another, and count contacts over a cap.

    They call for the web, the call center, mail and the app, one by one and in bulk, while workers are killed and
    visitors are linked. The caps are random, and one theme is limited for all of them together. Exit status 1 when any
    of these was exceeded, an offer was shown that is in no contact, or a bulk sent twice had two answers.
    """
    console = Console()
    try:
        findings = asyncio.run(_race(Race(console, rounds, workers, kill_every, seed)))
    except WorldError as error:
        raise click.ClickException(str(error)) from error
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise click.ClickException("Stopped.") from None
    for line in findings.lines():
        console.print(line, highlight=False)
    if not findings.good:
        sys.exit(1)


async def _race(race: Race) -> Findings:
    task = asyncio.current_task()
    assert task is not None, "a coroutine runs in a task"
    # The service is another process: whoever ends the race must not leave it behind.
    asyncio.get_running_loop().add_signal_handler(SIGTERM, task.cancel)
    return await race.run()
