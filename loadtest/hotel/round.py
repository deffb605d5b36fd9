"""One round of visits, driven over HTTP: browsing, decisions, answers."""

import asyncio
from collections.abc import Callable, Iterator
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from loadtest.client import Client
from loadtest.hotel.account import visit_context
from loadtest.hotel.behaviour import browsing
from loadtest.hotel.fatigue import Fatigue
from loadtest.hotel.ledger import RANDOM, Entry, Ledger
from loadtest.hotel.themes import THEMES
from loadtest.hotel.visits import CALL, DAY, EMAIL, WEB
from loadtest.hotel.world import DAYS, PAUSE, World
from loadtest.messages import Event, Link, Outcome, Question, Slate

PLACEMENTS: tuple[str, str, str] = ("web-home", "call-desk", "newsletter")
SLOTS: tuple[int, int, int] = (3, 2, 1)
ANSWER_AFTER = 10 * 60_000
VISITS_AT_ONCE = 4
OUTCOMES_PER_CALL = 200


class Round:
    """The visits in `chosen`, met by `policy` (but by random choice where the plan says so and `explore` is set).

    Every round meets the same people in the same mood, `number` rounds later.
    """

    def __init__(
        self, client: Client, world: World, ledger: Ledger, fatigue: Fatigue, *,
        number: int, policy: str, explore: bool, chosen: NDArray[np.bool_],
    ) -> None:  # fmt: skip
        self._client = client
        self._world = world
        self._ledger = ledger
        self._fatigue = fatigue
        self._number = number
        self._policy = policy
        self._explore = explore
        self._chosen = chosen
        self._shift = number * (DAYS + PAUSE) * DAY
        self._row = world.offers.row

    def visits(self, channel: int) -> NDArray[np.intp]:
        """The visits of a channel that this round serves, in order of time."""
        return np.flatnonzero((self._world.visits.channel == channel) & self._chosen)

    async def serve(self, advance: Callable[[int], None], *, mailed: bool) -> None:
        """Web visits and calls before the e-mail goes out, or once it was `mailed`; `advance` is told their channel."""
        plan = self._world.visits
        late = plan.at >= DAYS * DAY // 2
        waiting = iter(np.flatnonzero((plan.channel != EMAIL) & self._chosen & (late == mailed)).tolist())
        async with asyncio.TaskGroup() as group:
            for _ in range(VISITS_AT_ONCE):
                group.create_task(self._serve(waiting, advance))

    async def _serve(self, waiting: Iterator[int], advance: Callable[[int], None]) -> None:
        for visit in waiting:
            channel = int(self._world.visits.channel[visit])
            if channel == WEB:
                await self._browse(visit)
            slate, seconds = await self._client.decide(self._question(visit))
            accepted = self._answer(visit, slate, seconds)
            outcomes = [] if accepted is None else [self._accept(visit, slate, accepted)]
            if channel == CALL and accepted is None and slate.offers:
                outcomes = [self._outcome(visit, slate, 0, "decline")]
            if outcomes:
                await self._client.report(outcomes)
            if (booking := self._booking(visit, slate, accepted)) is not None:
                await self._client.tell([booking])
            advance(channel)

    async def mail(self, advance: Callable[[int], None]) -> None:
        """One campaign over the bulk endpoint, and what comes back from it."""
        visits = self.visits(EMAIL).tolist()
        before = perf_counter()
        slates: list[tuple[Slate, float]] = []
        async for slate in self._client.decide_many(self._question(visit) for visit in visits):
            now = perf_counter()
            slates.append((slate, now - before))
            before = now
            advance(EMAIL)
        outcomes: list[Outcome] = []
        bookings: list[Event] = []
        for visit, (slate, seconds) in zip(visits, slates, strict=True):
            accepted = self._answer(visit, slate, seconds)
            if accepted is not None:
                outcomes.append(self._accept(visit, slate, accepted))
            if (booking := self._booking(visit, slate, accepted)) is not None:
                bookings.append(booking)
        for first in range(0, len(outcomes), OUTCOMES_PER_CALL):
            await self._client.report(outcomes[first : first + OUTCOMES_PER_CALL])
        if bookings:
            await self._client.tell(bookings)

    async def _browse(self, visit: int) -> None:
        """Tell what is searched and viewed; whoever signs in does so after browsing under a cookie."""
        world = self._world
        seen = browsing(world.people, world.visits, visit, np.random.default_rng([world.seed, 4, visit]))
        customer, visitor = self._subject(visit)
        await self._client.tell([
            Event(f"{self._id(visit)}-{number}", event.kind, customer=None if visitor else customer, visitor=visitor,
                  at=world.instant(event.at + self._shift), attributes=event.attributes, value=event.value)
            for number, event in enumerate(seen)
        ])  # fmt: skip
        if customer and visitor:
            await self._client.link(Link(visitor, customer, "login"))

    def _subject(self, visit: int) -> tuple[str | None, str | None]:
        """The customer and visitor ids a visit comes with."""
        person = int(self._world.visits.person[visit])
        name = self._world.people.id(person)
        if person >= self._world.people.guests:
            return None, name
        return name, f"cookie-{visit:05d}" if self._world.visits.login[visit] else None

    def _random(self, visit: int) -> bool:
        return self._explore and bool(self._world.visits.random[visit])

    def _question(self, visit: int) -> Question:
        plan = self._world.visits
        placement = PLACEMENTS[int(plan.channel[visit])] + ("-random" if self._random(visit) else "")
        customer, visitor = self._subject(visit)
        context = visit_context(self._world.people, plan, visit)
        at = self._world.instant(int(plan.at[visit]) + self._shift)
        return Question(placement, customer=customer, visitor=visitor, context=context, at=at)

    def _answer(self, visit: int, slate: Slate, seconds: float) -> int | None:
        """Let the person look at the slate; enters the decision and gives the index of the offer accepted, if any."""
        plan, truth = self._world.visits, self._world.truth
        rows = [self._row[shown.offer] for shown in slate.offers]
        person, at = int(plan.person[visit]), int(plan.at[visit]) + self._shift
        tired = self._fatigue.of(person, at)
        chance, value = truth.expected(plan, visit, rows, tired)
        accepted = truth.choose(plan, visit, rows, tired)
        self._fatigue.show(person, at, self._world.offers.theme[rows])
        policy = RANDOM if self._random(visit) else self._policy
        self._ledger.add(int(plan.channel[visit]), policy, Entry(seconds, accepted is not None, chance, value))
        self._ledger.degrade(slate.degraded)
        return accepted

    def _accept(self, visit: int, slate: Slate, index: int) -> Outcome:
        margin = float(self._world.offers.margin[self._row[slate.offers[index].offer]])
        return self._outcome(visit, slate, index, "accept", margin)

    def _outcome(self, visit: int, slate: Slate, index: int, kind: str, value: float | None = None) -> Outcome:
        at = self._world.instant(int(self._world.visits.at[visit]) + self._shift + ANSWER_AFTER)
        return Outcome(f"{self._id(visit)}-{kind}", slate.decision, slate.offers[index].offer, kind, at=at, value=value)

    def _booking(self, visit: int, slate: Slate, accepted: int | None) -> Event | None:
        """Whoever accepts a stay has booked it; what it is about the service learns from the outcome."""
        if accepted is None:
            return None
        offers = self._world.offers
        row = self._row[slate.offers[accepted].offer]
        if not THEMES[offers.theme[row]].stay:
            return None
        customer, visitor = self._subject(visit)
        at = self._world.instant(int(self._world.visits.at[visit]) + self._shift + ANSWER_AFTER)
        return Event(f"{self._id(visit)}-booking", "booking", customer=customer, visitor=None if customer else visitor,
                     at=at, value=float(offers.price[row]))  # fmt: skip

    def _id(self, visit: int) -> str:
        return f"round-{self._number}-visit-{visit:05d}"
