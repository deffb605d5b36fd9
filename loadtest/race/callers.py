"""Callers of one customer, all at once: single decisions, bulk calls, and impressions of what was shown."""

import asyncio
from collections import Counter
from random import Random

import aiohttp
import msgspec

from loadtest.errors import CallFailed
from loadtest.messages import Outcome, Question
from loadtest.race.caps import PLACEMENTS

CALLERS = 32
IN_BULK = 8
"""Callers who send a bulk of a few lines."""

PATIENCE = aiohttp.ClientTimeout(total=60)


class Seen(msgspec.Struct, frozen=True):
    """One offer of an answer."""

    offer: str


class Answer(msgspec.Struct, frozen=True):
    """What a caller reads of a decision."""

    decision: str
    offers: tuple[Seen, ...]
    degraded: tuple[str, ...]
    catalogue: str


class Round(msgspec.Struct):
    """What the callers of one customer got; `shown` are pairs of decision and offer, and calls may have no answer."""

    customer: str
    shown: list[tuple[str, str]] = []
    answers: int = 0
    unanswered: int = 0
    catalogues: set[str] = set()
    degraded: Counter[str] = msgspec.field(default_factory=Counter)


_answer = msgspec.json.Decoder(Answer)
_encode = msgspec.json.Encoder()


class Callers:
    """Everybody who calls about a customer; `visitor` is one who was linked to it before, if anybody."""

    def __init__(self, session: aiohttp.ClientSession, random: Random, customer: str, visitor: str | None) -> None:
        self._session = session
        self._random = random
        self._visitor = visitor
        self._round = Round(customer)

    async def run(self) -> Round:
        """Let all of them call at the same time."""
        await asyncio.gather(*(self._bulk() if number < IN_BULK else self._single() for number in range(CALLERS)))
        return self._round

    async def _single(self) -> None:
        body = await self._post("/v1/decisions", _encode.encode(self._question()))
        if body is None:
            return
        answer = _answer.decode(body)
        self._take(answer)
        if answer.offers and self._random.random() < 0.3:
            seen = self._random.choice(answer.offers).offer
            outcome = Outcome("seen", answer.decision, seen, "impression")
            await self._post("/v1/outcomes", _encode.encode(outcome))

    async def _bulk(self) -> None:
        questions = [self._question() for _ in range(self._random.randint(1, 2))]
        body = await self._post("/v1/decisions/bulk", _encode.encode_lines(questions), "application/x-ndjson")
        for line in (body or b"").splitlines():
            try:
                self._take(_answer.decode(line))
            except msgspec.ValidationError as error:
                raise CallFailed(f"POST /v1/decisions/bulk: {line.decode()}") from error

    def _question(self) -> Question:
        placement = self._random.choice([*PLACEMENTS])
        if self._visitor is not None and self._random.random() < 0.5:
            return Question(placement, visitor=self._visitor)
        return Question(placement, customer=self._round.customer)

    def _take(self, answer: Answer) -> None:
        self._round.answers += 1
        self._round.shown += [(answer.decision, each.offer) for each in answer.offers]
        self._round.catalogues.add(answer.catalogue)
        self._round.degraded.update(answer.degraded)

    async def _post(self, path: str, body: bytes, type: str = "application/json") -> bytes | None:
        """The answer, or None when the process that should have given it is gone; nothing is asked twice."""
        try:
            async with self._session.post(
                path, data=body, headers={"content-type": type}, timeout=PATIENCE
            ) as response:
                said = await response.read()
        except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError):
            self._round.unanswered += 1
            return None
        if response.status >= 400:
            raise CallFailed(f"POST {path}: {response.status} {said.decode(errors='replace')}")
        return said
