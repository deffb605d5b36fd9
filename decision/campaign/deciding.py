"""Decides a chunk of an audience: everybody once, whoever began with it before and was killed."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from random import Random
from typing import TypeVar

import msgspec

from decision.campaign.campaign import Order
from decision.campaign.draw import draw_for
from decision.campaign.receipts import Receipt, Receipts
from decision.clock import Clock
from decision.engine.request import Decision, DecisionRequest
from decision.engine.snapshot import Snapshot
from decision.journal.record import DecisionRecord, decode_record, encode_record
from decision.service.admission import Ask
from decision.service.deciding import RESERVATIONS
from decision.service.decision_index import encode_entry
from decision.service.gathering import parts
from decision.service.made import Made, contacts_of, index_entry_of, make, record_of
from decision.service.recorder import Recorder, Written
from decision.subject.state import SubjectState, SubjectStates
from rules.errors import Unavailable
from rules.ids import CustomerId, DecisionId, PlacementId

AT_ONCE = 250
"""How many customers share the store's round trips."""

FLIGHTS = 2
"""How many such batches are under way: one is decided while another waits for the store."""

PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8, *(1.0 for _ in range(58)))
"""Seconds between asking a store that is away and asking it again: a minute in all, for a restart takes seconds."""

Given = TypeVar("Given")


class Decided(msgspec.Struct, frozen=True):
    """What was decided about a customer; `known` says whether there was a profile or a contact."""

    customer: CustomerId
    id: DecisionId
    decision: Decision
    known: bool


class CampaignDeciding:
    """Decides for one order; safe to be killed anywhere and to be asked again about the same customers.

    A decision and its contacts are reserved in one step with a receipt that holds all of it. Whoever finds a receipt
    finishes what it says and decides nothing anew. A store that is away is waited for, because nobody shall be decided
    without their profile and history; `Unavailable` is raised when that takes too long.
    """

    def __init__(
        self,
        order: Order,
        snapshot: Snapshot,
        states: SubjectStates,
        receipts: Receipts,
        recorder: Recorder,
        clock: Clock,
        random: Random,
    ) -> None:
        self._order = order
        self._snapshot = snapshot
        self._states = states
        self._receipts = receipts
        self._recorder = recorder
        self._clock = clock
        self._random = random
        placement = PlacementId(order.placement)
        self._request = DecisionRequest(placement)
        self._channel = snapshot.catalogue.workspace.placements[placement].channel
        self._capped = snapshot.placement(placement).capped

    async def decide(self, customers: Sequence[CustomerId]) -> list[Decided]:
        """What was decided about each of them, in order, once it is acknowledged; nobody may be named twice."""
        free = asyncio.Semaphore(FLIGHTS)

        async def some(part: Sequence[CustomerId]) -> list[Decided]:
            async with free:
                return await self._batch(part)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(some(part)) for part in parts(customers, AT_ONCE)]
        return [decided for task in tasks for decided in task.result()]

    async def _batch(self, customers: Sequence[CustomerId]) -> list[Decided]:
        decided: dict[CustomerId, Decided] = {}
        left = list(customers)
        for attempt in range(RESERVATIONS + 1):
            # Others contact them all the while: what the contact policy counts stays closed then.
            without = () if attempt < RESERVATIONS else ("contention", "history")
            states = await patiently(partial(self._load, left))
            pairs = [self._make(customer, state, without) for customer, state in zip(left, states, strict=True)]
            if self._order.dry_run:
                return [_told(ask, made) for ask, made in pairs]
            left = await self._keep(pairs, decided, reserve=not without)
            if not left:
                break
            # Processes that wait for different times do not meet again and again.
            await asyncio.sleep(self._random.random() * 0.001 * attempt)
        return [decided[customer] for customer in customers]

    def _load(self, customers: Sequence[CustomerId]) -> Awaitable[list[SubjectState]]:
        return self._states.load_all([(customer, None) for customer in customers], self._snapshot.catalogue.workspace)

    def _make(self, customer: CustomerId, state: SubjectState, without: tuple[str, ...]) -> tuple[Ask, Made]:
        ask = Ask(self._snapshot, self._request, self._channel, customer, None, self._order.moment, self._order.dry_run)
        return ask, make(ask, state, without, draw_for(self._order, customer, state, self._clock()))

    async def _keep(
        self, pairs: Sequence[tuple[Ask, Made]], decided: dict[CustomerId, Decided], reserve: bool
    ) -> list[CustomerId]:
        """Reserve what was made and write it down; gives those whose histories have moved meanwhile."""
        drafts = [(ask, made, _receipt(ask, made)) for ask, made in pairs]
        kept = await patiently(
            lambda: asyncio.gather(
                *(
                    self._receipts.put(
                        ask.customer,
                        made.draw.id,
                        receipt,
                        contacts_of(ask, made),
                        made.state.seen if reserve and self._capped and made.state is not None else None,
                    )
                    for ask, made, receipt in drafts
                    if ask.customer is not None
                )
            )
        )
        again, written = [], []
        for (ask, made, draft), found in zip(drafts, kept, strict=True):
            assert ask.customer is not None
            if found is None:
                again.append(ask.customer)
                continue
            written.append(Written(made.draw.id, found.record, found.entry, None, ()))
            decided[ask.customer] = _told(ask, made) if found is draft else _told_by(ask.customer, found)
        if written:
            await patiently(lambda: self._recorder.record(*written))
        return again


def _receipt(ask: Ask, made: Made) -> Receipt:
    record, entry = encode_record(record_of(ask, made)), encode_entry(index_entry_of(ask, made))
    return Receipt(record, entry, made.state is not None and made.state.known)


def _told(ask: Ask, made: Made) -> Decided:
    assert ask.customer is not None
    return Decided(ask.customer, made.draw.id, made.decision, made.state is not None and made.state.known)


def _told_by(customer: CustomerId, receipt: Receipt) -> Decided:
    record = decode_record(receipt.record)
    assert isinstance(record, DecisionRecord)
    return Decided(customer, record.id, record.decision, receipt.known)


async def patiently(ask: Callable[[], Awaitable[Given]]) -> Given:
    """What a step gives that may be taken again and again, however much of it happened: for a minute at most."""
    for pause in PAUSES:
        try:
            return await ask()
        except Unavailable:
            await asyncio.sleep(pause)
    return await ask()
