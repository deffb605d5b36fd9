"""What a process needs to decide chunks, made once: its store, its snapshot, its loop."""

import asyncio
import gc
from collections.abc import Sequence
from functools import partial
from random import Random
from threading import Lock

import msgspec

from decision.campaign.campaign import Order
from decision.campaign.deciding import CampaignDeciding, patiently
from decision.campaign.grant import Grant
from decision.campaign.limits import CampaignLimits
from decision.campaign.part import write_part
from decision.campaign.receipts import Receipts
from decision.campaign.sampling import SampleRows, pack_rows
from decision.campaign.segment import Found, Segment
from decision.clock import wall_clock
from decision.engine.engine import decide
from decision.engine.request import DecisionRequest
from decision.engine.snapshot import Snapshot
from decision.keys import customer_subject, profile_key
from decision.service.decision_index import DecisionIndex
from decision.service.recorder import Recorder
from decision.settings import Settings
from decision.store.opening import open_store
from decision.store.port import Store
from decision.subject.contacts import Contacts
from decision.subject.packing import Packing
from decision.subject.profile import EMPTY_PROFILE
from decision.subject.state import SubjectStates
from decision.version.registry import Registry
from decision.version.versions import Versions
from rules.contact import NO_CONTACTS
from rules.errors import Damaged
from rules.ids import CustomerId, Instant


class Job(msgspec.Struct, frozen=True):
    """An order, and the settings of the service that it is for; `settings.store` names the store."""

    order: Order
    settings: Settings


class Workshop:
    """Decides chunks of one job in this process, one after another."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self._segment: tuple[str, Segment] | None = None
        self._runner = asyncio.Runner()
        self._opened = open_store(job.settings)
        store = self._runner.run(self._opened.__aenter__())
        snapshot = self._runner.run(order_snapshot(job.order, store))
        # What stays for as long as the process does would be walked by every full collection.
        gc.freeze()
        settings = job.settings
        self._store = store
        self._packing = Packing(store)
        contacts = Contacts(store, settings.visitor_days, settings.repeat_days)
        recorder = Recorder(store, DecisionIndex(store, settings.outcome_days), contacts)
        self._snapshot = snapshot
        self._deciding = CampaignDeciding(
            job.order,
            snapshot,
            SubjectStates(store, self._packing),
            Receipts(store, contacts),
            recorder,
            Registry(store),
            wall_clock,
            Random(),
        )

    def decide(self, customers: Sequence[CustomerId], grant: Grant | None) -> bytes:
        """The part of a chunk, which gives no more than was granted."""
        decided = self._runner.run(self._deciding.decide(customers, grant))
        order = self.job.order
        return write_part(decided, order.columns, self._snapshot, order.placement)

    def sample(self, customers: Sequence[CustomerId]) -> SampleRows:
        """What is open to customers and what it is worth, by what is known of them now."""
        limits = CampaignLimits.of(self._snapshot, self.job.order.placement, self.job.order.moment)
        assert limits is not None
        return pack_rows(self._runner.run(self._deciding.weigh(customers, limits)))

    def find(self, condition: str, customers: Sequence[CustomerId]) -> Found:
        """Those whose profiles meet a condition, and those whose profile cannot be read."""
        if self._segment is None or self._segment[0] != condition:
            self._segment = condition, Segment.of(condition, self._snapshot, self.job.order.placement)
        return self._runner.run(self._meeting(self._segment[1], customers))

    async def _meeting(self, segment: Segment, customers: Sequence[CustomerId]) -> Found:
        subjects = [customer_subject(customer) for customer in customers]
        blobs = await patiently(partial(self._store.get_many, [profile_key(subject) for subject in subjects]))
        found = Found([], [])
        for customer, subject, blob in zip(customers, subjects, blobs, strict=True):
            if blob is not None:
                try:
                    profile, _ = await self._packing.read(subject, blob)
                except Damaged:
                    found.unreadable.append(customer)
                    continue
                if segment.holds(profile, self.job.order.moment):
                    found.customers.append(customer)
        return found

    def close(self) -> None:
        """Let go of the store."""
        self._runner.run(self._opened.__aexit__(None, None, None))
        self._runner.close()


async def order_snapshot(order: Order, store: Store) -> Snapshot:
    """The snapshot that an order is decided with, warm; raises `NotFound` when the store has its versions no longer."""
    versions = Versions(Registry(store))
    catalogue = await versions.catalogue(order.catalogue)
    own = () if order.model is None else (order.model,)
    models = [await versions.model(version) for version in (*own, *order.further_models.values())]
    tried = [await versions.model(version) for version in order.challengers.values()]
    challengers = {model.goal: model for model in tried}
    snapshot = Snapshot.build(catalogue, {model.goal: model for model in models}, challengers=challengers)
    decide(DecisionRequest(order.placement), EMPTY_PROFILE, NO_CONTACTS, snapshot, Instant(0), 0)
    return snapshot


_turn = Lock()
"""A worker of a cluster may have several threads; they would only share one core."""

_workshop: Workshop | None = None


def decide_chunk(job: Job, customers: Sequence[CustomerId], grant: Grant | None = None) -> bytes:
    """The part of a chunk, decided in this process."""
    with _turn:
        return _workshop_for(job).decide(customers, grant)


def sample_chunk(job: Job, customers: Sequence[CustomerId]) -> SampleRows:
    """What is open to some customers, weighed in this process."""
    with _turn:
        return _workshop_for(job).sample(customers)


def find_customers(job: Job, condition: str, customers: Sequence[CustomerId]) -> Found:
    """Who of some customers is in a segment, looked at in this process."""
    with _turn:
        return _workshop_for(job).find(condition, customers)


def _workshop_for(job: Job) -> Workshop:
    """The one of this process, which is made for the first chunk and kept."""
    global _workshop  # noqa: PLW0603  (an executor gives a process no other place to keep anything)
    if _workshop is None or _workshop.job != job:
        if _workshop is not None:
            _workshop.close()
        _workshop = Workshop(job)
    return _workshop
