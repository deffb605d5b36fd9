"""The composition root: every part of the service made and wired, in one place."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from random import Random

from decision.access.api_keys import ApiKeys
from decision.access.key_ring import KeyRing
from decision.clock import Clock, wall_clock
from decision.importing.desk import ImportDesk
from decision.importing.memory import JournalMemory
from decision.journal.journal import Journal
from decision.journal.settling import settled
from decision.logs import log
from decision.service.bulk.deciding import BulkDeciding
from decision.service.bulk.keeping import Keeping
from decision.service.bulk.passage import BATCH_PATIENCE, Passage
from decision.service.bulk.processes import BulkProcesses, cores
from decision.service.care import CareNews
from decision.service.concierge import Concierge
from decision.service.customers import Customers
from decision.service.deciding import Deciding
from decision.service.decision_index import DecisionIndex
from decision.service.explaining import Explaining
from decision.service.groups import Groups
from decision.service.health import Health
from decision.service.intake import Intake
from decision.service.made import draw_now
from decision.service.marks import Marks
from decision.service.publishing import Publishing
from decision.service.recorder import Recorder
from decision.service.refreshing import Refresher
from decision.service.volumes import Volumes
from decision.settings import Settings
from decision.store.durability import weaknesses
from decision.store.opening import open_store
from decision.store.port import Store
from decision.subject.contacts import Contacts
from decision.subject.identities import Identities
from decision.subject.packing import Packing
from decision.subject.profiles import Profiles
from decision.subject.state import SubjectStates
from decision.version.building import Building, LocalBuilding
from decision.version.building_process import BuildingProcess
from decision.version.registry import Registry
from decision.version.versions import Versions
from rules.contact_reach import Look, looks_of
from rules.errors import Unavailable

DAY_MILLISECONDS = 86_400_000


class _Parts:
    """What the service and the imports are both made of, over one store."""

    def __init__(self, store: Store, settings: Settings, clock: Clock, building: Building | None = None) -> None:
        self.registry = Registry(store)
        self.versions = Versions(self.registry, building)
        self.packing = Packing(store)
        self.refresher = Refresher(self.registry, clock, self.packing, building)
        self.identities = Identities(store, settings.visitor_days)
        self.profiles = Profiles(store, settings.visitor_days, settings.repeat_days, self.packing)
        self.contacts = Contacts(store, settings.visitor_days, settings.repeat_days, self.looks)
        self.states = SubjectStates(store, self.packing)
        self.index = DecisionIndex(store, settings.outcome_days)
        self.journal = Journal(store, settings.folder)
        self.intake = Intake(
            self.refresher,
            self.identities,
            self.profiles,
            self.contacts,
            self.index,
            Marks(store, settings.repeat_days, settings.outcome_days),
            self.journal,
            clock,
        )

    def looks(self) -> tuple[Look, ...] | None:
        """What the catalogue served here looks back on."""
        snapshot = self.refresher.snapshot
        return None if snapshot is None else looks_of(snapshot.catalogue.workspace)


def compose(
    store: Store,
    settings: Settings,
    clock: Clock = wall_clock,
    processes: int = 0,
    random: Random | None = None,
    aside: Store | None = None,
    shared: bool = True,
    building: Building | None = None,
) -> Concierge:
    """The service over a store; nothing runs in the background yet.

    Large batches of a bulk are answered by `processes`, if any: whoever wants that closes the service's
    `bulk_processes`. `random` draws ids and seeds. `aside` is the same store over connections of their own, for the
    bulk: what single decisions ask does not queue behind it. A bulk leaves turns to others where its loop is
    `shared` with them. `building` makes new versions ready; without it that is done in this process.
    """
    # One generator per worker, seeded by the system, so that workers draw different ids and seeds.
    random = random or Random()
    of = _Parts(store, settings, clock, building)
    deciding = Deciding(
        of.states,
        of.contacts,
        Volumes(store, clock),
        Recorder(store, of.index, of.contacts),
        clock,
        random,
        settings.deadline_ms,
    )
    beside = aside or store
    contacts, volumes = Contacts(beside, settings.visitor_days, settings.repeat_days, of.looks), Volumes(beside, clock)
    index = DecisionIndex(beside, settings.outcome_days)
    recorder, keeping = Recorder(beside, index, contacts), Keeping(beside, contacts, volumes)
    passage, care = Passage(lambda: deciding.under_way), CareNews(store, of.refresher, clock)
    return Concierge(
        settings=settings,
        clock=clock,
        keys=KeyRing(ApiKeys(store), clock),
        refresher=of.refresher,
        deciding=deciding,
        bulk=BulkDeciding(
            SubjectStates(beside, of.packing),
            contacts,
            volumes,
            recorder,
            keeping,
            lambda ask, state: draw_now(clock, random, ask, state),
            random,
            passage if shared else None,
        ),
        bulk_processes=BulkProcesses(processes, Passage(lambda: deciding.under_way, BATCH_PATIENCE)),
        explaining=Explaining(of.journal, of.index, of.versions, of.refresher),
        intake=of.intake,
        customers=Customers(
            of.refresher, of.states, of.identities, of.profiles, of.contacts, of.journal, clock, random
        ),
        groups=Groups(of.refresher, of.identities),
        publishing=Publishing(of.registry, of.refresher, building or LocalBuilding(), clock),
        health=Health(store, of.refresher, care),
        care=care,
    )


@asynccontextmanager
async def open_service(settings: Settings) -> AsyncIterator[Concierge]:
    """The service over the configured store, kept in step with the pointers until it is closed."""
    if settings.store:
        for name, needed in (await weaknesses(settings.store)).items():
            log.warning("store_may_lose_writes", setting=name, needed=needed)
    async with open_store(settings) as store, open_store(settings) as aside, BuildingProcess() as building:
        processes = settings.bulk_processes or max(1, cores() // settings.workers)
        concierge = compose(store, settings, processes=processes, aside=aside, building=building)
        async with _kept_in_step(concierge):
            try:
                yield concierge
            finally:
                await concierge.bulk_processes.close()


@asynccontextmanager
async def open_bulk_service(settings: Settings) -> AsyncIterator[Concierge]:
    """The same for a process that answers batches of a bulk alone: nobody else uses its loop or its store.

    It is kept in step by the batches, each of which names the versions it is to be decided with: a process without
    work would build what is published in vain, at the very moment when its worker and the builder need the cores.
    """
    async with open_store(settings) as store:
        concierge = compose(store, settings, shared=False)
        async with _begun(concierge):
            yield concierge


@asynccontextmanager
async def _kept_in_step(concierge: Concierge) -> AsyncIterator[None]:
    async with _begun(concierge):
        task = asyncio.create_task(concierge.refresher.run(concierge.settings.refresh_seconds))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


@asynccontextmanager
async def _begun(concierge: Concierge) -> AsyncIterator[None]:
    """With what the pointers name now, if the store answers; at the end, what has begun is finished."""
    with suppress(Unavailable):
        await concierge.refresher.refresh()
    try:
        yield
    finally:
        await asyncio.gather(concierge.deciding.finish(), concierge.bulk.finish())


@asynccontextmanager
async def open_import_desk(settings: Settings) -> AsyncIterator[ImportDesk]:
    """Imports into the configured store; the journal's segments are up to date for their memory."""
    async with open_store(settings) as store, settled(store, settings.folder):
        of = _Parts(store, settings, wall_clock)
        await of.refresher.refresh()
        memory = JournalMemory(settings.folder, wall_clock, settings.repeat_days * DAY_MILLISECONDS)
        with closing(memory):
            yield ImportDesk(
                snapshot=of.refresher.snapshot,
                intake=of.intake,
                identities=of.identities,
                states=of.states,
                profiles=of.profiles,
                contacts=of.contacts,
                journal=of.journal,
                memory=memory,
                clock=wall_clock,
            )
