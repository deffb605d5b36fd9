"""How far a command has come, for who waits at a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from decision.command.console import open_console


@contextmanager
def counting(title: str) -> Iterator[Callable[[], None]]:
    """A function to call once per decision; counts them on a terminal, and is silent elsewhere."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TextColumn("{task.completed:,.0f} decisions judged"),
        TimeElapsedColumn(),
    )
    console = open_console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(title, total=None)
        yield lambda: progress.advance(task)
