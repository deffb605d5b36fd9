"""One run of a campaign, shown to whoever started it: its progress, how to go on, and its summary."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import msgspec
from rich.console import Console

from decision.campaign.audience import AudienceWriter, audience_in
from decision.campaign.beginning import Wish, campaign_for, chunk_for, find_campaign, plan_order
from decision.campaign.campaign import Campaign, Order
from decision.campaign.folder import CampaignFolder, CampaignFolders, write_durably, writing
from decision.campaign.hands import Crew, Hands
from decision.campaign.opening import open_waves
from decision.campaign.output import check_place, has_output, summary_path, write_output
from decision.campaign.receipts import Receipts
from decision.campaign.running import CampaignRun
from decision.campaign.searching import search
from decision.campaign.segment import Segment
from decision.campaign.summary import Summary, summarise
from decision.campaign.workshop import Job, order_snapshot
from decision.command.campaign_progress import CampaignProgress
from decision.command.campaign_table import show_plan, show_summary
from decision.folders import data_folder
from decision.journal.settling import settled
from decision.settings import Settings
from decision.store.embedded import EmbeddedServer
from decision.store.opening import open_store
from decision.store.port import Store
from decision.subject.contacts import Contacts
from rules.errors import Conflict, Fault, Invalid, Unavailable
from rules.ids import CustomerId

INTERRUPTED = 130
"""The exit status after Ctrl+C, as shells have it."""


class _Site(msgspec.Struct, frozen=True, eq=False):
    """What a run works with."""

    store: Store
    folder: CampaignFolder
    hands: Hands
    stopping: asyncio.Event
    bar: CampaignProgress


class CampaignShow:
    """Runs what somebody wishes; `file` is the audience, None for a segment."""

    def __init__(self, settings: Settings, wish: Wish, file: Path | None, crew: Crew, console: Console) -> None:
        self._settings = msgspec.structs.replace(settings, data=str(settings.folder.resolve()))
        self._wish = wish
        self._file = file
        self._crew = crew
        self._console = console
        self._folders = CampaignFolders(self._settings.folder)

    async def run(self) -> bool:
        """Run until the end, or Ctrl+C (then False), which lets what was begun be finished."""
        with data_folder(self._settings.folder):
            pass
        async with open_store(self._settings) as store:
            order = await self._check(store)
            if order.dry_run:
                with self._folders.passing() as folder:
                    return await self._work(folder, store, order)
            with self._folders.of(order.campaign).working() as folder:
                # Somebody else may have worked on it since it was looked at.
                order = await self._check(store)
                if folder.finished:
                    self._tell_finished(folder)
                    return True
                async with settled(store, self._settings.folder):
                    return await self._work(folder, store, order)

    async def plan(self) -> bool:
        """Show what limits cost, without deciding anything; False after Ctrl+C."""
        with data_folder(self._settings.folder):
            pass
        async with open_store(self._settings) as store:
            order, _ = await plan_order(self._wish, store)
            stopping = asyncio.Event()
            with self._folders.passing() as folder, Hands(self._crew, self._console.print) as hands:
                with _stopped_by_signals(stopping), CampaignProgress(self._console) as bar:
                    site = _Site(store, folder, hands, stopping, bar)
                    campaign = await self._begin(order, site)
                    if campaign is None:
                        return False
                    waves = await open_waves(self._job(order), campaign, folder, store, hands, stopping, bar.say)
                    if stopping.is_set():
                        return False
                if waves is None:
                    self._console.print("No volume limit holds at this placement: everybody gets the best there is.")
                else:
                    show_plan(self._console, await waves.plan(), waves.places, campaign.customers)
        return True

    async def _check(self, store: Store) -> Order:
        """What shall be decided, as far as a mistake can be told before anybody is."""
        found = None if self._wish.dry_run else find_campaign(self._wish, self._folders)
        if found is None:
            order, _ = await plan_order(self._wish, store)
            if self._file is None:
                Segment.of(self._wish.source, await order_snapshot(order, store), order.placement)
        else:
            order = found.order
            if self._folders.of(order.campaign).stopped:
                raise Conflict(f"Campaign {order.campaign} was withdrawn; give another --id to decide anew.")
        check_place(self._wish.out, order)
        return order

    async def _work(self, folder: CampaignFolder, store: Store, order: Order) -> bool:
        stopping = asyncio.Event()
        with (
            _stopped_by_signals(stopping),
            Hands(self._crew, self._console.print) as hands,
            CampaignProgress(self._console) as bar,
        ):
            site = _Site(store, folder, hands, stopping, bar)
            async with bar.watching(store):
                campaign = folder.campaign() if folder.exists else await self._begin(order, site)
                done = campaign is not None and await self._decide(campaign, site)
        if campaign is None or not done:
            self._console.print("Stopped; nobody is decided twice when you run the same command again.")
            return False
        summary = summarise(campaign, folder)
        self._deliver(summary, campaign, folder)
        show_summary(self._console, summary)
        self._tell_output(campaign)
        return True

    async def _begin(self, order: Order, site: _Site) -> Campaign | None:
        with writing(site.folder.path), AudienceWriter(site.folder.audience) as writer:
            unreadable = 0
            if self._file is not None:
                await asyncio.to_thread(writer.add_all, audience_in(self._file))
            else:
                unreadable = await self._search(order, site, writer)
                if site.stopping.is_set():
                    return None
            if writer.named == 0:
                raise Invalid((Fault(self._wish.source, "names no customer; nothing is decided"),))
            chunk = chunk_for(self._wish, writer.named)
            audience = await asyncio.to_thread(writer.write, chunk, self._file is None)
        campaign = campaign_for(self._wish, order, audience, chunk, unreadable)
        site.folder.keep(campaign)
        return campaign

    async def _search(self, order: Order, site: _Site, writer: AudienceWriter) -> int:
        """Write down who is in the segment; gives how many profiles could not be read."""
        looked, unreadable = 0, set[CustomerId]()

        def advance(profiles: int) -> None:
            nonlocal looked
            looked += profiles
            site.bar.advance(task, profiles)

        task = site.bar.add_task("looking at profiles", total=None)
        async for found in search(self._job(order), self._wish.source, site.store, site.hands, advance, site.stopping):
            writer.add(found.customers)
            unreadable.update(found.unreadable)
        site.bar.remove_task(task)
        if not writer.named and not site.stopping.is_set():
            said = f"none of {looked:,} profiles meets it; try a wider condition"
            none = "there are no profiles yet; bring them in with `concierge import customers`, or over HTTP"
            raise Invalid((Fault("--segment", said if looked else none),))
        return len(unreadable)

    async def _decide(self, campaign: Campaign, site: _Site) -> bool:
        settings, job, stopping = self._settings, self._job(campaign.order), site.stopping
        receipts = Receipts(site.store, Contacts(site.store, settings.visitor_days, settings.repeat_days))
        run = CampaignRun(job, campaign, site.folder, site.store, receipts, stopping)
        task = site.bar.add_task("deciding", total=campaign.customers, completed=run.decided)
        waves = await open_waves(job, campaign, site.folder, site.store, site.hands, stopping, site.bar.say)
        return not stopping.is_set() and await run.run(site.hands, waves, partial(site.bar.advance, task), site.bar.say)

    def _tell_finished(self, folder: CampaignFolder) -> None:
        campaign = folder.campaign()
        summary = msgspec.json.decode(folder.summary(), type=Summary)
        self._console.print(
            f"Campaign {campaign.order.campaign} was finished before; nothing is decided anew. "
            "Give another --id to decide everybody again.",
            highlight=False,
        )
        if not has_output(self._wish.out, campaign.order):
            self._deliver(summary, campaign, folder)
        show_summary(self._console, summary)
        self._tell_output(campaign)

    def _deliver(self, summary: Summary, campaign: Campaign, folder: CampaignFolder) -> None:
        """Write the result where it is wanted now; then the campaign is finished."""
        out = self._wish.out
        written = msgspec.json.format(msgspec.json.encode(summary))
        try:
            write_output(out, campaign, folder)
            write_durably(summary_path(out, campaign.order), written)
        except OSError as error:
            id = campaign.order.campaign
            kept = f"Everybody is decided; make room and run the same command again, or add --id {id} and another --out"
            again = "Run the dry run again with another --out"
            raise Unavailable(
                f"{out} cannot be written: {error}. {again if campaign.order.dry_run else kept}."
            ) from error
        if not campaign.order.dry_run:
            folder.keep(msgspec.structs.replace(campaign, out=str(out.resolve())))
            folder.finish(written)

    def _tell_output(self, campaign: Campaign) -> None:
        out = self._wish.out
        self._console.print(
            f"{out} has who shall see what, {summary_path(out, campaign.order)} these figures.",
            soft_wrap=True,
            markup=False,
        )

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
