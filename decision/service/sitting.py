"""Sittings: the decisions that are ready in the same loop tick are made one after another.

What comes before the engine is then done for all of them before it, and what comes after for all of them after it. So
each part of the program still finds its code and tables in the processor's caches, out of which the engine drives all
others between two decisions that go all their way alone.
"""

import asyncio

from decision.engine.terms import NO_TERMS, Terms
from decision.service.admission import Ask
from decision.service.lap import Lap
from decision.service.made import Draw, Made, make
from decision.subject.state import SubjectState

MOST = 16
"""Decisions of one sitting: what the first ones write down does not wait for ever more of them."""

_Given = tuple[Ask, SubjectState | None, tuple[str, ...], Draw, Lap, Terms]


class Sitting:
    """Makes decisions in the order in which they are asked for; for one loop."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._waiting: list[tuple[_Given, asyncio.Future[Made]]] = []

    def make(
        self,
        ask: Ask,
        state: SubjectState | None,
        without: tuple[str, ...],
        draw: Draw,
        lap: Lap,
        terms: Terms = NO_TERMS,
    ) -> asyncio.Future[Made]:
        """What `made.make` gives, which falls back, at the next sitting; the stage `load` ends when it begins."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Made] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._sit)
        self._waiting.append(((ask, state, without, draw, lap, terms), future))
        return future

    def _sit(self) -> None:
        sitting, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._sit)
        for (ask, state, without, draw, lap, terms), future in sitting:
            # Whoever asked may have gone away.
            if not future.done():
                try:
                    lap("load")
                    future.set_result(make(ask, state, without, draw, lap, terms, falls_back=True))
                except Exception as error:
                    future.set_exception(error)
