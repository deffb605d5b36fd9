"""`/v1/decisions/bulk`: questions as lines of NDJSON, answered as lines in the same order, streamed both ways."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator

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
from decision.service.admission import Ask
from decision.service.concierge import Concierge
from decision.service.question import DecisionQuestion
from rules.errors import Fault, Invalid

NDJSON = "application/x-ndjson"
BATCH = 64
"""How many lines are decided together: enough to share what a batch costs, few enough that its steps stay short."""

SLICE_SECONDS = 0.001
"""How long lines are read at a stretch, while others wait."""

LINE_LIMIT = 64_000
"""Most bytes of a line: a question is far shorter, and a whole window of lines is held in memory."""

_encoder = msgspec.json.Encoder()


class Line(msgspec.Struct, frozen=True):
    """A line's number, from 1, and its text; None where it is too long."""

    number: int
    text: bytes | None


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


async def _answers(
    concierge: Concierge, key: ApiKey, lines: AsyncIterator[bytes | None]
) -> AsyncGenerator[bytes, None]:
    """The answers in the order of the lines; at most a window of batches is read but not yet answered."""
    read: asyncio.Queue[Line | None] = asyncio.Queue(BATCH)
    begun: asyncio.Queue[asyncio.Task[bytes] | None] = asyncio.Queue()
    free = asyncio.Semaphore(concierge.bulk.window)

    async def begin() -> None:
        last = False
        try:
            while not last:
                await free.acquire()
                batch = [await read.get()]
                # Whoever sends lines one by one is answered one by one; whoever sends many has them decided together.
                while batch[-1] is not None and len(batch) < BATCH and not read.empty():
                    batch.append(read.get_nowait())
                last = batch[-1] is None
                some = [line for line in batch if line is not None]
                begun.put_nowait(asyncio.create_task(_answer(concierge, key, some)))
        finally:
            begun.put_nowait(None)

    tasks = asyncio.create_task(_number(lines, read)), asyncio.create_task(begin())
    try:
        while (task := await begun.get()) is not None:
            answers = await task
            if answers:
                yield answers
            free.release()
    finally:
        for each in tasks:
            each.cancel()


async def _number(lines: AsyncIterator[bytes | None], read: "asyncio.Queue[Line | None]") -> None:
    """Put the lines that are not empty, with their numbers, and None at the end."""
    number = 0
    try:
        async for line in lines:
            number += 1
            if line is None or line.strip():
                await read.put(Line(number, line))
    except HTTPException as error:
        # The caller went away in the middle; what has begun is finished, for it may be in the journal already.
        log.warning("bulk_broken_off", lines=number, error=error.detail)
    except Exception as error:
        log.error("bulk_broken_off", lines=number, exc_info=error)
    await read.put(None)


async def _answer(concierge: Concierge, key: ApiKey, lines: list[Line]) -> bytes:
    """The answers to some lines, as lines."""
    asks: list[Ask | Exception] = []
    begun = time.perf_counter()
    for line in lines:
        asks.append(_ask(concierge, key, line))
        if time.perf_counter() - begun > SLICE_SECONDS:
            await asyncio.sleep(0)
            begun = time.perf_counter()
    try:
        answers = iter(await concierge.bulk.decide([ask for ask in asks if isinstance(ask, Ask)]))
    except Exception as error:
        answers = iter([error] * len(asks))
    results = (next(answers) if isinstance(ask, Ask) else ask for ask in asks)
    return b"".join(
        (result if isinstance(result, bytes) else _error(line.number, result)) + b"\n"
        for line, result in zip(lines, results, strict=True)
    )


def _ask(concierge: Concierge, key: ApiKey, line: Line) -> Ask | Exception:
    try:
        if line.text is None:
            raise Invalid((Fault("body", f"the line is longer than {LINE_LIMIT} bytes; send one question a line"),))
        return allow(concierge, key, decode_body(line.text, DecisionQuestion))
    except Exception as error:
        return error


def _error(number: int, error: Exception) -> bytes:
    problem = problem_of(error)
    if problem.status == 500:
        log.error("bulk_line_failed", line=number, exc_info=error)
    return _encoder.encode(BulkError(number, problem))


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
