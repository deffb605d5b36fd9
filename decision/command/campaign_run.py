"""One run of a campaign, shown to whoever started it: its progress, how to go on, and its summary."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from functools import partial
from pathlib import Path

import msgspec
from rich.console import Console

from decision.campaign.audience import Audience, AudienceWriter, audience_in
from decision.campaign.beginning import Wish, begin_campaign, find_campaign, plan_order
from decision.campaign.campaign import Campaign, Order
from decision.campaign.folder import CampaignFolder, CampaignFolders
from decision.campaign.hands import Crew, Hands
from decision.campaign.opening import open_waves
from decision.campaign.output import summary_path, write_output
from decision.campaign.receipts import Receipts
from decision.campaign.running import CampaignRun
from decision.campaign.searching import search
from decision.campaign.segment import Segment
from decision.campaign.summary import Summary, summarise
from decision.campaign.workshop import Job, order_snapshot
from decision.command.campaign_progress import progress
from decision.command.campaign_table import show_plan, show_summary
from decision.folders import data_folder
from decision.journal.settling import settled
from decision.settings import Settings
from decision.store.embedded import EmbeddedServer
from decision.store.opening import open_store
from decision.store.port import Store
from decision.subject.contacts import Contacts
from rules.errors import Conflict, Unavailable

INTERRUPTED = 130
"""The exit status after Ctrl+C, as shells have it."""


class _Site(msgspec.Struct, frozen=True, eq=False):
    """What a run works with."""

    store: Store
    folder: CampaignFolder
    hands: Hands
    stopping: asyncio.Event


class CampaignShow:
    """Runs what somebody wishes; `file` is the audience, None for a segment."""

    def __init__(self, settings: Settings, wish: Wish, file: Path | None, crew: Crew, console: Console) -> None:
        self._settings = msgspec.structs.replace(settings, data=str(settings.folder.resolve()))
        self._wish = wish
        self._file = file
        self._crew = crew
        self._console = console

    async def run(self) -> bool:
        """Run until the end, or Ctrl+C (then False), which lets what was begun be finished."""
        settings, folders = self._settings, CampaignFolders(self._settings.folder)
        async with AsyncExitStack() as stack:
            with data_folder(settings.folder):
                pass
            store = await stack.enter_async_context(open_store(settings))
            if self._wish.dry_run:
                folder = stack.enter_context(folders.passing())
                found = None
                find_campaign(self._wish, folders)
            else:
                folder = folders.of(self._wish.name)
                stack.enter_context(folder.working())
                found = find_campaign(self._wish, folders)
                await stack.enter_async_context(settled(store, settings.folder))
            if folder.stopped:
                raise Conflict(f"Campaign {self._wish.name} was withdrawn; give another --id to decide anew.")
            if folder.finished:
                self._console.print(f"Campaign {self._wish.name} was finished before; nothing is decided anew.")
                show_summary(self._console, msgspec.json.decode(folder.summary(), type=Summary))
                return True
            stopping = asyncio.Event()
            with _stopped_by_signals(stopping):
                with data_folder(settings.folder), Hands(self._crew) as hands:
                    site = _Site(store, folder, hands, stopping)
                    campaign = found.campaign() if found else await self._begin(site)
                    done = campaign is not None and await self._decide(campaign, site)
                if campaign is None or not done:
                    self._console.print("Stopped; nobody is decided twice when you run the same command again.")
                    return False
            try:
                self._conclude(campaign, folder)
            except OSError as error:
                raise Unavailable(f"{campaign.out} cannot be written: {error}; run the same command again.") from error
            return True

    async def plan(self) -> bool:
        """Show what limits cost, without deciding anything; False after Ctrl+C."""
        settings = self._settings
        async with open_store(settings) as store:
            stopping = asyncio.Event()
            with CampaignFolders(settings.folder).passing() as folder, Hands(self._crew) as hands:
                with _stopped_by_signals(stopping):
                    site = _Site(store, folder, hands, stopping)
                    campaign = await self._begin(site)
                    if campaign is None:
                        return False
                    waves = await open_waves(self._job(campaign.order), campaign, folder, store, hands, stopping)
                    if stopping.is_set():
                        return False
                if waves is None:
                    self._console.print("No volume limit holds at this placement: everybody gets the best there is.")
                else:
                    show_plan(self._console, await waves.plan(), waves.places, campaign.customers)
        return True

    async def _begin(self, site: _Site) -> Campaign | None:
        order, _ = await plan_order(self._wish, site.store)
        with AudienceWriter(site.folder.audience, self._wish.chunk) as writer:
            if self._file is not None:
                await asyncio.to_thread(writer.add_all, audience_in(self._file))
                audience = writer.write()
            else:
                found = await self._search(order, site, writer)
                if found is None:
                    return None
                audience = found
        return begin_campaign(self._wish, order, site.folder, audience)

    async def _search(self, order: Order, site: _Site, writer: AudienceWriter) -> Audience | None:
        # A mistake in the condition is told before any process is started.
        Segment.of(self._wish.source, await order_snapshot(order, site.store), order.placement)
        with progress(self._console) as bar:
            task = bar.add_task("looking at profiles", total=None)
            job, condition = self._job(order), self._wish.source
            async for page in search(job, condition, site.store, site.hands, partial(bar.advance, task)):
                writer.add(page)
                if site.stopping.is_set():
                    return None
        return writer.write(by_name=True)

    async def _decide(self, campaign: Campaign, site: _Site) -> bool:
        settings, job, stopping = self._settings, self._job(campaign.order), site.stopping
        receipts = Receipts(site.store, Contacts(site.store, settings.visitor_days, settings.repeat_days))
        run = CampaignRun(job, campaign, site.folder, site.store, receipts, stopping)
        with progress(self._console) as bar:
            task = bar.add_task("deciding", total=campaign.customers, completed=run.decided)
            waves = await open_waves(job, campaign, site.folder, site.store, site.hands, stopping)
            return not stopping.is_set() and await run.run(site.hands, waves, partial(bar.advance, task))

    def _conclude(self, campaign: Campaign, folder: CampaignFolder) -> None:
        summary = summarise(campaign, folder)
        written = msgspec.json.format(msgspec.json.encode(summary))
        write_output(campaign, folder)
        summary_path(campaign).write_bytes(written)
        if not campaign.order.dry_run:
            folder.finish(written)
        show_summary(self._console, summary)
        self._console.print(f"{campaign.out} has who shall see what, {summary_path(campaign)} these figures.")

    def _job(self, order: Order) -> Job:
        store = self._settings.store or EmbeddedServer(self._settings.folder).url
        return Job(order, msgspec.structs.replace(self._settings, store=store))


@contextmanager
def _stopped_by_signals(stopping: asyncio.Event) -> Iterator[None]:
    """The first Ctrl+C or SIGTERM lets what was begun be finished, a second one does not."""
    loop = asyncio.get_running_loop()

    def stop(signum: signal.Signals) -> None:
        stopping.set()
        loop.remove_signal_handler(signum)

    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, stop, signum)
    try:
        yield
    finally:
        for signum in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(signum)
