"""Callers of one customer, all at once: single decisions, bulk calls, impressions, and links of a visitor."""

import asyncio
from collections import Counter
from random import Random

import aiohttp
import msgspec

from loadtest.errors import CallFailed
from loadtest.messages import AttributeValue, Link, Outcome, Question
from loadtest.race.caps import PLACEMENTS

CALLERS = 32
IN_BULK = 8
"""Callers who send a bulk of a few lines."""

NAMED = 3
"""Those of them who give it a name and send it twice at once, and again where a process was killed under it."""

MOVES = 4
"""How often a visitor who moves is unlinked or linked again."""

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
    """What the callers of one customer got; `shown` are pairs of decision and offer, and calls may have no answer.

    `moves` says that its visitor was unlinked and linked meanwhile, and `torn` how many lines of a bulk that has a name
    were answered in two ways.
    """

    customer: str
    moves: bool = False
    torn: int = 0
    shown: list[tuple[str, str]] = []
    answers: int = 0
    unanswered: int = 0
    catalogues: set[str] = set()
    degraded: Counter[str] = msgspec.field(default_factory=Counter)


_answer = msgspec.json.Decoder(Answer)
_encode = msgspec.json.Encoder()


class Callers:
    """Everybody who calls about a customer; `visitor` is one who was linked to it before, if anybody, and may move."""

    def __init__(
        self, session: aiohttp.ClientSession, random: Random, customer: str, visitor: str | None, moves: bool
    ) -> None:
        self._session = session
        self._random = random
        self._visitor = visitor
        self._round = Round(customer, moves and visitor is not None)

    async def run(self) -> Round:
        """Let all of them call at the same time."""
        calls = [self._named(number) if number < NAMED else self._bulk() for number in range(IN_BULK)]
        calls += [self._single() for _ in range(IN_BULK, CALLERS)]
        calls += [self._move()] if self._round.moves else []
        await asyncio.gather(*calls)
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
        for answer in await self._answers(questions):
            self._take(answer)

    async def _named(self, number: int) -> None:
        """A bulk sent twice at once, and once more where not all of it was answered; its lines are all different."""
        questions = [self._question(str(line)) for line in range(2)]
        name = {"idempotency-key": f"{self._round.customer}-{number}"}
        given = list(await asyncio.gather(*(self._answers(questions, name) for _ in range(2))))
        if any(len(answers) < len(questions) for answers in given):
            await asyncio.sleep(0.3)
            given.append(await self._answers(questions, name))
        for line in range(len(questions)):
            answers = [answers[line] for answers in given if line < len(answers)]
            told = {answer.decision: answer for answer in answers if "store" not in answer.degraded}
            self._round.torn += len(told) > 1
            for answer in told.values():
                self._take(answer)

    async def _answers(self, questions: list[Question], name: dict[str, str] | None = None) -> list[Answer]:
        body = await self._post("/v1/decisions/bulk", _encode.encode_lines(questions), "application/x-ndjson", name)
        lines = (body or b"").splitlines()
        try:
            return [_answer.decode(line) for line in lines]
        except msgspec.ValidationError as error:
            raise CallFailed(f"POST /v1/decisions/bulk: {lines}") from error

    async def _move(self) -> None:
        """Unlink the visitor and link it again, while everybody decides about both."""
        assert self._visitor is not None
        link = _encode.encode(Link(self._visitor, self._round.customer, "login"))
        for move in range(MOVES):
            await asyncio.sleep(self._random.random() * 0.05)
            if move % 2:
                await self._post("/v1/identities", link)
            else:
                await self._send("DELETE", f"/v1/identities/{self._visitor}")

    def _question(self, line: str = "") -> Question:
        placement = self._random.choice([*PLACEMENTS])
        context: dict[str, AttributeValue] = {"line": line} if line else {}
        if self._visitor is not None and self._random.random() < 0.5:
            return Question(placement, visitor=self._visitor, context=context)
        return Question(placement, customer=self._round.customer, context=context)

    def _take(self, answer: Answer) -> None:
        self._round.answers += 1
        self._round.shown += [(answer.decision, each.offer) for each in answer.offers]
        self._round.catalogues.add(answer.catalogue)
        self._round.degraded.update(answer.degraded)

    async def _post(
        self, path: str, body: bytes, type: str = "application/json", name: dict[str, str] | None = None
    ) -> bytes | None:
        return await self._send("POST", path, body, {"content-type": type} | (name or {}))

    async def _send(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> bytes | None:
        """The answer, or None when the process that should have given it is gone; nothing is asked twice."""
        try:
            async with self._session.request(method, path, data=body, headers=headers, timeout=PATIENCE) as response:
                said = await response.read()
        except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError):
            self._round.unanswered += 1
            return None
        if response.status >= 400:
            raise CallFailed(f"{method} {path}: {response.status} {said.decode(errors='replace')}")
        return said
