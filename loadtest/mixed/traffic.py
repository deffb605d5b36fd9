"""Who asks for what: website and call centre one by one, and mailings in bulk."""

from collections.abc import AsyncIterator, Iterator

import numpy as np
from numpy.typing import NDArray

from loadtest.client import Client
from loadtest.hotel.account import visit_context
from loadtest.hotel.visits import CALL, EMAIL, WEB
from loadtest.hotel.world import World
from loadtest.messages import Link, Outcome, Question, Slate

PLACES = {WEB: "web-home", CALL: "call-desk"}
_ACCEPTED, _SEEN = 0.05, 0.5


def guest_name(number: int) -> str:
    """As `loadtest.campaign.guests` names them."""
    return f"guest-{number:08d}"


def single_questions(world: World, guests: int, count: int) -> Iterator[tuple[Question, Link | None]]:
    """Visits of a hotel world, over and over, for `guests` customers and as many cookies.

    Now and then a cookie signs in first: that is the link, if there is one.
    """
    plan = world.visits
    visits: NDArray[np.intp] = np.flatnonzero(plan.channel != EMAIL)
    random = np.random.default_rng([world.seed, 41])
    for number in range(count):
        visit = int(visits[number % len(visits)])
        channel = int(plan.channel[visit])
        guest = int(random.integers(guests))
        cookie = f"cookie-{int(random.integers(guests)):06d}"
        known = channel == CALL or random.random() < 0.5
        link = Link(cookie, guest_name(guest), "login") if known and random.random() < 0.1 else None
        question = Question(
            PLACES[channel],
            customer=guest_name(guest) if known and link is None else None,
            visitor=None if known and link is None else cookie,
            context=visit_context(world.people, plan, visit),
        )
        yield question, link


def bulk_questions(guests: int, count: int, placement: str, seed: int) -> Iterator[Question]:
    """A mailing to so many of the guests, each once before any is asked for again."""
    order = np.random.default_rng([seed, 42]).permutation(guests)
    for number in range(count):
        yield Question(placement, customer=guest_name(int(order[number % guests])))


class Traffic:
    """Sends questions and reports some outcomes; `decided` counts answers by kind."""

    def __init__(self, client: Client, seed: int) -> None:
        self._client = client
        self._random = np.random.default_rng([seed, 43])
        self.decided: dict[str, int] = {}
        self.degraded: dict[str, int] = {}

    async def ask(self, questions: Iterator[tuple[Question, Link | None]]) -> None:
        """Work off single questions; several may take from the same ones."""
        for question, link in questions:
            if link is not None:
                await self._client.link(link)
            slate, _ = await self._client.decide(question)
            self._count(question.placement, slate)
            await self._report([slate])

    async def send(self, questions: Iterator[Question], placement: str) -> None:
        """One bulk."""
        batch: list[Slate] = []
        async for slate in _decided(self._client, questions):
            self._count(f"{placement} (bulk)", slate)
            batch.append(slate)
            if len(batch) == 500:
                await self._report(batch)
                batch = []
        await self._report(batch)

    def _count(self, kind: str, slate: Slate) -> None:
        self.decided[kind] = self.decided.get(kind, 0) + 1
        for part in slate.degraded:
            self.degraded[part] = self.degraded.get(part, 0) + 1

    async def _report(self, slates: list[Slate]) -> None:
        outcomes = []
        for slate in slates:
            # One that went without the store or the journal is not known to either.
            for shown in () if slate.degraded else slate.offers[:1]:
                chance = self._random.random()
                kind = "accept" if chance < _ACCEPTED else "impression" if chance < _SEEN else None
                if kind is not None:
                    outcomes.append(Outcome(f"{slate.decision}-{kind}", slate.decision, shown.offer, kind))
        if outcomes:
            await self._client.report(outcomes)


async def _decided(client: Client, questions: Iterator[Question]) -> AsyncIterator[Slate]:
    async for slate in client.decide_many(questions):
        yield slate
