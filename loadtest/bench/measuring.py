"""One run: every wanted figure in turn; one that cannot be measured does not take the others with it."""

from collections.abc import AsyncIterator, Callable, Iterator

import aiohttp
from rich.console import Console

from loadtest.bench.bulk import measure_bulk
from loadtest.bench.decision_rate import measure_empty, measure_naive
from loadtest.bench.effort import Effort
from loadtest.bench.errors import Mismatch
from loadtest.bench.figure import Absent, Figure, Outcome
from loadtest.bench.hotel_service import HotelService, open_hotel_service
from loadtest.bench.kernels.actions import measure_vw
from loadtest.bench.kernels.binding import measure_binding
from loadtest.bench.kernels.forest import measure_predict, measure_treelite
from loadtest.bench.kernels.rules import measure_rules
from loadtest.bench.latency import measure_latency
from loadtest.bench.profile_bytes import measure_bytes
from loadtest.bench.stage_table import NAME as STAGES
from loadtest.bench.stages import measure_stages
from loadtest.bench.start import measure_start
from loadtest.errors import WorldError

_KERNELS: dict[str, Callable[[Effort], Iterator[Outcome]]] = {
    "forest_vs_predict": measure_predict,
    "forest_vs_treelite": measure_treelite,
    "forest_vs_vw": measure_vw,
    "forest_binding": measure_binding,
    "rules_vs_zen": measure_rules,
}
_SERVED: dict[str, Callable[[HotelService, Effort], AsyncIterator[Outcome]]] = {
    "decision_vs_empty": measure_empty,
    "decision_vs_naive": measure_naive,
    STAGES: measure_stages,
    "bulk_customers_per_second": measure_bulk,
    "latency": measure_latency,
}
_APART: dict[str, Callable[[Console, Effort], AsyncIterator[Outcome]]] = {
    "ready_seconds": measure_start,
    "bytes_per_profile": measure_bytes,
}
NAMES = (*_KERNELS, *_SERVED, *_APART)

_FAILURES = (WorldError, aiohttp.ClientError, OSError)


class Run:
    """What has been found so far."""

    def __init__(self, console: Console, effort: Effort) -> None:
        self.outcomes: list[Outcome] = []
        self._console = console
        self._effort = effort

    async def measure(self, wanted: frozenset[str]) -> None:
        """The wanted figures: of the kernels, of one running service, and of services of their own."""
        for name, kernel in _KERNELS.items():
            if name in wanted:
                await self._keep(name, _flow(kernel(self._effort)))
        if wanted & _SERVED.keys():
            await self._measure_service([name for name in _SERVED if name in wanted])
        for name, apart in _APART.items():
            if name in wanted:
                await self._keep(name, apart(self._console, self._effort))

    async def _measure_service(self, names: list[str]) -> None:
        try:
            async with open_hotel_service(self._console, self._effort) as service:
                for name in names:
                    await self._keep(name, _SERVED[name](service, self._effort))
        except _FAILURES as error:
            self._add(Absent("the service", str(error)))

    async def _keep(self, name: str, found: AsyncIterator[Outcome]) -> None:
        async for outcome in unbroken(name, found):
            self._add(outcome)

    def _add(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        said = f"{outcome.ratio.median:.4g} ({outcome.case})" if isinstance(outcome, Figure) else outcome.why
        self._console.print(f"{outcome.name}: {said}", style="dim", markup=False, highlight=False)


async def unbroken(name: str, found: AsyncIterator[Outcome]) -> AsyncIterator[Outcome]:
    """The outcomes of one figure; a failure is the last of them, instead of an exception."""
    try:
        async for outcome in found:
            yield outcome
    except _FAILURES as error:
        yield Absent(name, str(error), wrong=isinstance(error, Mismatch))


async def _flow(found: Iterator[Outcome]) -> AsyncIterator[Outcome]:
    for outcome in found:
        yield outcome
