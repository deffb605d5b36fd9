"""`/v1/decisions/bulk`: questions as lines of NDJSON, answered as lines in the same order, streamed both ways."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
from litestar import post
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp, Receive, Scope, Send

from decision.access.api_keys import ApiKey
from decision.http.authorisation import known
from decision.http.body import ApiRequest, decode_body
from decision.http.decisions import allow
from decision.http.media import problems
from decision.http.problem import Problem, problem_of
from decision.http.serving import Serving
from decision.logs import log
from decision.service.answer import DecisionAnswer
from decision.service.concierge import Concierge
from decision.service.question import DecisionQuestion
from rules.errors import Fault, Invalid

NDJSON = "application/x-ndjson"
WINDOW = 32
"""How many lines are decided at the same time; they share the store's round trips."""

LINE_LIMIT = 64_000
"""Most bytes of a line: a question is far shorter, and a whole window of lines is held in memory."""

_encoder = msgspec.json.Encoder()


class BulkError(msgspec.Struct, frozen=True):
    """Instead of a decision: which line (from 1) could not be decided, and why."""

    line: int
    error: Problem


@post(
    "/v1/decisions/bulk",
    guards=[known],
    status_code=200,
    operation_id="decideBulk",
    summary="Decide many: NDJSON both ways, same order; a bad line becomes an error line",
    request_max_body_size=None,
    responses=problems(401),
    tags=["decisions"],
)
async def decide_bulk(request: ApiRequest, concierge: Serving) -> ASGIApp:
    """Each line is a question as for one decision, at most 64,000 bytes; each answer line a decision, or a problem
    with the line's number.

    A line waits for the store up to ten seconds before it is decided without it and says so in `degraded`.
    """
    lines = _lines(request.stream(), LINE_LIMIT)

    async def stream(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", NDJSON.encode())]})
        async for chunk in _answers(concierge, request.user, lines):
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    return stream


async def _answers(concierge: Concierge, key: ApiKey, lines: AsyncIterator[bytes | None]) -> AsyncIterator[bytes]:
    """The answers in the order of the lines; at most a window of them is under way."""
    begun: asyncio.Queue[asyncio.Task[bytes] | None] = asyncio.Queue(WINDOW)

    async def begin() -> None:
        number = 0
        try:
            async for line in lines:
                number += 1
                if line is None or line.strip():
                    await begun.put(asyncio.create_task(_answer(concierge, key, line, number)))
        except HTTPException as error:
            # The caller went away in the middle; what has begun is finished, for it may be in the journal already.
            log.warning("bulk_broken_off", lines=number, error=error.detail)
        finally:
            await begun.put(None)

    reader = asyncio.create_task(begin())
    try:
        while (task := await begun.get()) is not None:
            yield await task
    finally:
        reader.cancel()


async def _answer(concierge: Concierge, key: ApiKey, line: bytes | None, number: int) -> bytes:
    try:
        if line is None:
            raise Invalid((Fault("body", f"the line is longer than {LINE_LIMIT} bytes; send one question a line"),))
        ask = allow(concierge, key, decode_body(line, DecisionQuestion))
        answer: DecisionAnswer | BulkError = await concierge.deciding.decide(ask, in_bulk=True)
    except Exception as error:
        problem = problem_of(error)
        if problem.status == 500:
            log.error("bulk_line_failed", line=number, exc_info=error)
        answer = BulkError(number, problem)
    return _encoder.encode(answer) + b"\n"


async def _lines(chunks: AsyncIterator[bytes], limit: int) -> AsyncIterator[bytes | None]:
    """The lines of a stream; None stands for one that is too long, whose rest is skipped."""
    held, skipping = b"", False
    async for chunk in chunks:
        *lines, rest = chunk.split(b"\n")
        for line in lines:
            whole = held + line
            held = b""
            if skipping:
                skipping = False
            else:
                yield whole if len(whole) <= limit else None
        if not skipping:
            held += rest
            if len(held) > limit:
                held, skipping = b"", True
                yield None
    if held:
        yield held
