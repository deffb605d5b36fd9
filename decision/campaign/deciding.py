"""Decides a chunk of an audience: everybody once, whoever began with it before and was killed."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from random import Random
from typing import TypeVar

from decision.allocation import Rows, row_of
from decision.campaign.campaign import Order
from decision.campaign.decided import Decided, decided_before, decided_now
from decision.campaign.draw import decision_of, draw_for
from decision.campaign.grant import Budget, Grant
from decision.campaign.limits import CampaignLimits
from decision.campaign.receipts import Receipt, Receipts
from decision.clock import Clock
from decision.engine.request import Decision, DecisionRequest
from decision.engine.snapshot import Snapshot
from decision.engine.terms import NO_TERMS
from decision.engine.weighing import weigh
from decision.journal.record import encode_record
from decision.service.admission import Ask
from decision.service.deciding import RESERVATIONS
from decision.service.decision_index import encode_entry
from decision.service.gathering import parts
from decision.service.made import Made, contacts_of, group_of, index_entry_of, make, record_of
from decision.service.recorder import Recorder, Written
from decision.subject.state import SubjectState, SubjectStates
from decision.version.registry import Registry
from decision.version.versions import Versions
from rules.contact import read_contacts
from rules.errors import Unavailable
from rules.ids import CustomerId, PlacementId

AT_ONCE = 250
"""How many customers share the store's round trips."""

FLIGHTS = 2
"""How many such batches are under way: one is decided while another waits for the store."""

PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8, *(1.0 for _ in range(58)))
"""Seconds between asking a store that is away and asking it again: a minute in all, for a restart takes seconds."""

Given = TypeVar("Given")


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
        registry: Registry,
        clock: Clock,
        random: Random,
    ) -> None:
        self._order = order
        self._snapshot = snapshot
        self._states = states
        self._receipts = receipts
        self._recorder = recorder
        self._registry = registry
        self._versions = Versions(registry)
        self._clock = clock
        self._random = random
        placement = PlacementId(order.placement)
        self._request = DecisionRequest(placement)
        self._channel = snapshot.catalogue.workspace.placements[placement].channel
        self._capped = snapshot.placement(placement).capped
        self._bound = snapshot.placement(placement).bound

    async def decide(self, customers: Sequence[CustomerId], grant: Grant | None = None) -> list[Decided]:
        """What was decided about each of them, in order, once it is acknowledged; nobody may be named twice.

        With a `grant` no more is given of volume limits. Customers are decided in order, so that it is always the same
        ones who get the last units, but for those whose histories moved meanwhile.
        """
        decided = await self._finish_begun(customers)
        budget = None
        if grant is not None:
            catalogue = self._snapshot.catalogue.version
            budget = Budget(grant, self._bound.volumes, self._bound.spec.slots, catalogue)
            for one in decided.values():
                budget.keep_back(self._candidates(one.decision))
        free = asyncio.Semaphore(FLIGHTS)
        before: asyncio.Future[None] | None = None
        tasks = []
        for part in parts(customers, AT_ONCE):
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            tasks.append(asyncio.create_task(self._batch(part, decided, budget, free, before, turn)))
            before = turn
        try:
            await asyncio.gather(*tasks)
        finally:
            # After a failure nothing goes on unseen.
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return [decided[customer] for customer in customers]

    async def weigh(self, customers: Sequence[CustomerId], limits: CampaignLimits) -> Rows:
        """What is open to each customer, and what it is worth; nothing is decided."""
        rows = []
        for part in parts(customers, AT_ONCE):
            for customer, state in zip(part, await patiently(partial(self._load, part)), strict=True):
                now = draw_for(self._order, customer, state, self._clock()).now
                history, without = read_contacts(state.contacts), frozenset(state.without)
                group = group_of(self._ask(customer), state)
                weighing = weigh(self._request, state.profile, history, self._snapshot, now, without, group=group)
                rows.append(row_of(weighing.scores, weighing.open, limits.volumes, limits.minimums, limits.slots))
        return Rows.of(rows)

    async def _finish_begun(self, customers: Sequence[CustomerId]) -> dict[CustomerId, Decided]:
        """Finish what a killed process had decided."""
        if self._order.dry_run:
            return {}
        names = [(customer, decision_of(self._order, customer)) for customer in customers]
        found = zip(names, await patiently(partial(self._receipts.find, names)), strict=True)
        begun = [(customer, id, receipt) for (customer, id), receipt in found if receipt is not None]
        for some in parts(begun, AT_ONCE):
            written = [Written(id, receipt.record, receipt.entry, None, ()) for _, id, receipt in some]
            await patiently(partial(self._recorder.record, *written))
        return {customer: await self._finished(customer, receipt) for customer, _, receipt in begun}

    async def _batch(
        self,
        customers: Sequence[CustomerId],
        decided: dict[CustomerId, Decided],
        budget: Budget | None,
        free: asyncio.Semaphore,
        before: "asyncio.Future[None] | None",
        turn: "asyncio.Future[None]",
    ) -> None:
        """Decide some customers, after whoever has the turn `before`; `turn` is given on once that is done.

        With a budget that is when all of them are reserved: at a kill nobody is begun whose turn had not come.
        """
        async with free:
            begun = {customer for customer in customers if customer in decided}
            left = list(customers)
            for attempt in range(RESERVATIONS + 1):
                # Others contact them all the while: what the contact policy counts stays closed then.
                without = () if attempt < RESERVATIONS else ("contention", "history")
                new = [customer for customer in left if customer not in begun]
                states = dict(zip(new, await patiently(partial(self._load, new)), strict=True))
                if before is not None:
                    await before
                made = []
                for customer in left:
                    if customer in states:
                        made.append(self._make(customer, states[customer], without, budget))
                    elif budget is not None:
                        budget.take(self._candidates(decided[customer].decision), begun=True)
                if budget is None and not turn.done():
                    turn.set_result(None)
                if self._order.dry_run:
                    decided.update(zip(new, (told for _, _, told in made), strict=True))
                    break
                left = await self._keep(made, decided, budget, reserve=not without)
                if not left:
                    break
                # Processes that wait for different times do not meet again and again.
                await asyncio.sleep(self._random.random() * 0.001 * attempt)
            if not turn.done():
                turn.set_result(None)

    def _load(self, customers: Sequence[CustomerId]) -> Awaitable[list[SubjectState]]:
        return self._states.load_all([(customer, None) for customer in customers], self._snapshot.catalogue.workspace)

    def _make(
        self, customer: CustomerId, state: SubjectState, without: tuple[str, ...], budget: Budget | None
    ) -> tuple[Ask, Made, Decided]:
        ask = self._ask(customer)
        draw = draw_for(self._order, customer, state, self._clock())
        terms = NO_TERMS if budget is None else budget.terms()
        made = make(ask, state, without, draw, terms=terms)
        if budget is not None:
            if not budget.fits(self._candidates(made.decision)):
                made = make(ask, state, without, draw, terms=budget.terms(spared=True))
            budget.take(self._candidates(made.decision))
        return ask, made, decided_now(ask, made)

    def _ask(self, customer: CustomerId) -> Ask:
        order = self._order
        return Ask(self._snapshot, self._request, self._channel, customer, None, order.moment, order.dry_run)

    def _candidates(self, decision: Decision) -> list[int]:
        return [self._bound.position[shown.offer] for shown in decision.offers]

    async def _keep(
        self,
        drawn: Sequence[tuple[Ask, Made, Decided]],
        decided: dict[CustomerId, Decided],
        budget: Budget | None,
        reserve: bool,
    ) -> list[CustomerId]:
        """Reserve what was made and write it down; gives those whose histories have moved meanwhile."""
        for prices in [] if budget is None else budget.take_fresh():
            await patiently(partial(self._registry.put, "prices", prices, self._order.moment))
        drafts = [(ask, made, told, _receipt(ask, made)) for ask, made, told in drawn]
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
                    for ask, made, _, receipt in drafts
                    if ask.customer is not None
                )
            )
        )
        again, written = [], []
        for (ask, made, told, draft), found in zip(drafts, kept, strict=True):
            assert ask.customer is not None
            if found is None:
                again.append(ask.customer)
                if budget is not None:
                    budget.give(self._candidates(made.decision))
                continue
            written.append(Written(made.draw.id, found.record, found.entry, None, ()))
            decided[ask.customer] = told if found is draft else await self._finished(ask.customer, found)
            if budget is not None and found is not draft:
                # Ours of a try whose reply was lost; or somebody else's, which counts.
                budget.give(self._candidates(made.decision))
                budget.take(self._candidates(decided[ask.customer].decision))
        if written:
            await patiently(partial(self._recorder.record, *written))
        return again

    def _finished(self, customer: CustomerId, receipt: Receipt) -> Awaitable[Decided]:
        return patiently(partial(decided_before, customer, receipt, self._snapshot, self._versions))


def _receipt(ask: Ask, made: Made) -> Receipt:
    record, entry = encode_record(record_of(ask, made)), encode_entry(index_entry_of(ask, made))
    return Receipt(record, entry, made.state is not None and made.state.known)


async def patiently(ask: Callable[[], Awaitable[Given]]) -> Given:
    """What a step gives that may be taken again and again, however much of it happened: for a minute at most."""
    for pause in PAUSES:
        try:
            return await ask()
        except Unavailable:
            await asyncio.sleep(pause)
    return await ask()
