"""Runs a campaign: chunks to processes, parts to disk, until all are there."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, Future
from functools import partial

from decision.campaign.campaign import Campaign
from decision.campaign.deciding import patiently
from decision.campaign.draw import decision_of
from decision.campaign.folder import CampaignFolder
from decision.campaign.hands import Hands
from decision.campaign.receipts import OPEN_SECONDS, Receipts
from decision.campaign.waves import Wave, Waves
from decision.campaign.workshop import Job, decide_chunk
from decision.clock import wall_clock
from decision.journal.bundle import MOST
from decision.keys import JOURNAL
from decision.service.gathering import parts
from decision.store.port import Store
from decision.subject.profiles import DAY
from rules.errors import Conflict
from rules.ids import CustomerId, DecisionId

MOST_LOGGED = 200_000 // MOST
"""How many entries may wait for the sink before nobody more is decided: a campaign's are bundles, but those of single
decisions are not, and some seconds of these may wait at any time."""

POLL_SECONDS = 0.1

LOOKED_AT_ONCE = 500


class CampaignRun:
    """The run of one campaign, by whoever holds its folder; it may be killed at any moment and begun again."""

    def __init__(
        self,
        job: Job,
        campaign: Campaign,
        folder: CampaignFolder,
        store: Store,
        receipts: Receipts,
        stopping: asyncio.Event,
    ) -> None:
        self._job = job
        self._store = store
        self._campaign = campaign
        self._folder = folder
        self._receipts = receipts
        self._stopping = stopping

    @property
    def decided(self) -> int:
        """How many customers are decided already."""
        return sum(self._campaign.size(chunk) for chunk in self._folder.written())

    async def run(
        self, hands: Hands, waves: Waves | None, advance: Callable[[int], None], say: Callable[[str], None]
    ) -> bool:
        """Decide every chunk whose part is missing; False when told to stop before the end, what was begun is finished.

        `waves` say what each chunk may give, where there are volume limits; `advance` is told how many customers more
        are decided, and `say` what a person waits for when that takes a while.
        """
        self._check_age()
        await self._close_again()
        if waves is None:
            return await self._decide(range(self._campaign.chunks), None, hands, advance)
        keeping = asyncio.create_task(waves.keep_alive())
        try:
            for chunks in waves.stretches:
                if self._stopping.is_set():
                    return False
                say("Finding prices for the next wave.")
                settle = partial(waves.settle, wave := await waves.begin(chunks))
                say("")
                if not await self._decide(chunks, wave, hands, advance, settle):
                    return False
                if keeping.done():
                    keeping.result()
                await waves.end(chunks)
        finally:
            keeping.cancel()
        return True

    async def _decide(
        self,
        chunks: range,
        wave: Wave | None,
        hands: Hands,
        advance: Callable[[int], None],
        settle: Callable[[int], Awaitable[None]] | None = None,
    ) -> bool:
        written = self._folder.written()

        def submit(executor: Executor, chunk: int) -> Future[bytes]:
            grant = None if wave is None else wave.grant(chunk)
            return executor.submit(decide_chunk, self._job, self._folder.customers(chunk), grant)

        async def land(chunk: int, part: bytes) -> None:
            await self._keep(chunk, part)
            if settle is not None:
                await settle(chunk)
            advance(self._campaign.size(chunk))

        left = [chunk for chunk in chunks if chunk not in written]
        return await hands.work(left, submit, land, self._stopping, self._wait_for_sink)

    async def _wait_for_sink(self) -> None:
        """Let the journal's log, which lies in the store's memory, not grow longer than it must."""
        if self._campaign.order.dry_run:
            return
        length = partial(self._store.log_length, JOURNAL)
        while not self._stopping.is_set() and await patiently(length) > MOST_LOGGED:
            await asyncio.sleep(POLL_SECONDS)

    async def _keep(self, chunk: int, part: bytes) -> None:
        """Once the part is on disk nobody decides the chunk again, and its receipts are not needed any more."""
        self._folder.keep_part(chunk, part)
        if self._campaign.order.dry_run:
            return
        await patiently(partial(self._receipts.close, self._decisions(chunk)))

    def _check_age(self) -> None:
        """Raises `Conflict` where receipts may be gone of those whom a run had begun that was stopped long ago."""
        own = (path for path in self._folder.path.rglob("*") if path.is_file() and path.name != "lock")
        touched = max((path.stat().st_mtime for path in own), default=0.0)
        if not self._campaign.order.dry_run and wall_clock() / 1_000 - touched > OPEN_SECONDS - DAY:
            raise Conflict(
                f"Campaign {self._campaign.order.campaign} was stopped so long ago that nobody knows any more whom it "
                "had begun to decide; withdraw it, and decide who is left under another --id."
            )

    async def _close_again(self) -> None:
        """Close what a killed run has written and not closed: a chunk's last receipt is closed last."""
        if self._campaign.order.dry_run:
            return
        written = sorted(self._folder.written())
        for some in parts(written, LOOKED_AT_ONCE):
            last = [(chunk, self._folder.customers(chunk)[-1]) for chunk in some]
            names = [(customer, decision_of(self._campaign.order, customer)) for _, customer in last]
            found = await patiently(partial(self._receipts.find, names))
            for (chunk, _), receipt in zip(last, found, strict=True):
                if receipt is not None:
                    await patiently(partial(self._receipts.close, self._decisions(chunk)))

    def _decisions(self, chunk: int) -> list[tuple[CustomerId, DecisionId]]:
        return [(customer, decision_of(self._campaign.order, customer)) for customer in self._folder.customers(chunk)]
