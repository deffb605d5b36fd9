"""How far a campaign has come, on a terminal, and what it waits for."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from decision.store.port import Store
from rules.errors import Unavailable

PING_SECONDS = 1.0

_AWAY = "The store does not answer; it is waited for, for a minute or two."
_BACK = "The store answers again."
_GO_ON = "What was decided is kept: once the store answers, run the same command again, and it goes on."


class CampaignProgress(Progress):
    """A bar with rate and remaining time, and under it what a person has to know meanwhile."""

    def __init__(self, console: Console) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn())
        self._said = ""
        super().__init__(*columns, console=console)

    def get_renderables(self) -> Iterator[RenderableType]:
        """The bars, and what was said last."""
        yield from super().get_renderables()
        if self._said:
            yield Text(self._said)

    def say(self, text: str) -> None:
        """Say something under the bars until something else is said; a file gets each as a line."""
        if text != self._said:
            self._said = text
            if text and not self.console.is_terminal:
                self.console.print(text)

    @asynccontextmanager
    async def watching(self, store: Store) -> AsyncIterator[None]:
        """Say so while the store is away; an `Unavailable` that comes of it also tells how to go on."""
        watch = asyncio.create_task(self._watch(store))
        try:
            yield
        except Unavailable as error:
            if self._said != _AWAY:
                raise
            raise Unavailable(f"{error} {_GO_ON}") from error
        finally:
            watch.cancel()

    async def _watch(self, store: Store) -> None:
        while True:
            try:
                await store.ping()
            except Unavailable:
                self.say(_AWAY)
            else:
                if self._said == _AWAY:
                    self.say(_BACK)
            await asyncio.sleep(PING_SECONDS)


class _Rate(ProgressColumn):
    """Customers a second."""

    def render(self, task: Task) -> Text:
        """The rate of the last half minute or so."""
        speed = task.finished_speed or task.speed
        return Text("–/s" if speed is None else f"{speed:,.0f}/s")
