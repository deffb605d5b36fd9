"""Runs a campaign: chunks to processes, parts to disk, until all are there."""

import asyncio
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future

import msgspec
import pyarrow.parquet as pq

from decision.campaign.campaign import Campaign
from decision.campaign.deciding import patiently
from decision.campaign.folder import CampaignFolder, write_durably
from decision.campaign.receipts import Receipts
from decision.campaign.workshop import Job, decide_chunk
from decision.keys import JOURNAL
from decision.logs import log
from decision.store.port import Store
from rules.errors import Unavailable
from rules.ids import CustomerId, DecisionId

RESTARTS = 5
"""How often processes are started anew in a row without a part in between."""

MOST_LOGGED = 100_000
"""How many records may wait for the sink before nobody more is decided."""

POLL_SECONDS = 0.1


class Crew(msgspec.Struct, frozen=True, eq=False):
    """Who works: `hire` gives an executor of `size` processes; `died` is what it raises when one is gone for good."""

    hire: Callable[[], Executor]
    size: int
    died: type[Exception] = BrokenExecutor


class CampaignRun:
    """The run of one campaign, by whoever holds its folder; it may be killed at any moment and begun again."""

    def __init__(
        self, job: Job, campaign: Campaign, folder: CampaignFolder, store: Store, receipts: Receipts, crew: Crew
    ) -> None:
        self._job = job
        self._store = store
        self._campaign = campaign
        self._folder = folder
        self._receipts = receipts
        self._crew = crew
        self._executor: Executor | None = None
        self._restarts = 0

    @property
    def decided(self) -> int:
        """How many customers are decided already."""
        return sum(self._size(chunk) for chunk in self._folder.written())

    async def run(self, stopping: asyncio.Event, advance: Callable[[int], None]) -> bool:
        """Decide every chunk whose part is missing; False when told to stop before the end, what was begun is finished.

        `advance` is told how many customers more are decided.
        """
        written = self._folder.written()
        left = [chunk for chunk in range(self._campaign.chunks) if chunk not in written]
        left.reverse()
        under_way: dict[asyncio.Future[bytes], tuple[int, Executor]] = {}
        try:
            while (left and not stopping.is_set()) or under_way:
                await self._wait_for_sink(stopping)
                # One more than there are processes, so that none waits for us.
                while left and len(under_way) <= self._crew.size and not stopping.is_set():
                    chunk = left.pop()
                    executor = self._executor = self._executor or self._crew.hire()
                    under_way[asyncio.wrap_future(self._submit(executor, chunk))] = chunk, executor
                done, _ = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                for future in done:
                    chunk, executor = under_way.pop(future)
                    try:
                        part = future.result()
                    except self._crew.died as error:
                        self._lose(executor, error)
                        left.append(chunk)
                        continue
                    await self._keep(chunk, part)
                    self._restarts = 0
                    advance(self._size(chunk))
        finally:
            for future in under_way:
                future.cancel()
            if self._executor is not None:
                self._executor.shutdown()
        return not left

    def _size(self, chunk: int) -> int:
        return min(self._campaign.chunk, self._campaign.customers - chunk * self._campaign.chunk)

    def _submit(self, executor: Executor, chunk: int) -> Future[bytes]:
        try:
            return executor.submit(decide_chunk, self._job, self._folder.customers(chunk))
        except self._crew.died as error:
            failed: Future[bytes] = Future()
            failed.set_exception(error)
            return failed

    async def _wait_for_sink(self, stopping: asyncio.Event) -> None:
        """Let the journal's log, which lies in the store's memory, not grow longer than it must."""
        if self._campaign.order.dry_run:
            return
        while not stopping.is_set() and await patiently(lambda: self._store.log_length(JOURNAL)) > MOST_LOGGED:
            await asyncio.sleep(POLL_SECONDS)

    def _lose(self, executor: Executor, error: Exception) -> None:
        """A process died, and with it the executor; everything it had begun is begun again by another one."""
        if executor is not self._executor:
            return
        executor.shutdown(wait=False)
        self._executor = None
        self._restarts += 1
        if self._restarts > RESTARTS:
            raise Unavailable(
                f"The campaign's processes died {self._restarts} times in a row; look whether memory is short, "
                "then run the same command again to go on."
            ) from error
        log.error("campaign_process_died", restarts=self._restarts)

    async def _keep(self, chunk: int, part: bytes) -> None:
        """Once the part is on disk nobody decides the chunk again, and its receipts are not needed any more."""
        write_durably(self._folder.part(chunk), part)
        if self._campaign.order.dry_run:
            return
        rows = pq.read_table(self._folder.part(chunk), columns=["customer", "decision"], partitioning=None)
        pairs = dict(zip(rows.column(0).to_pylist(), rows.column(1).to_pylist(), strict=True))
        decided = [(CustomerId(str(customer)), DecisionId(str(id))) for customer, id in pairs.items()]
        await patiently(lambda: self._receipts.close(decided))
