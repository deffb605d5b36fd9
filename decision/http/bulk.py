"""`/v1/decisions/bulk`: questions as lines of NDJSON, answered as lines in the same order, streamed both ways."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Annotated

from litestar import post
from litestar.exceptions import HTTPException
from litestar.params import HeaderParameter
from litestar.types import ASGIApp, Receive, Scope, Send

from decision.access.api_keys import ApiKey
from decision.http.authorisation import known
from decision.http.body import ApiRequest
from decision.http.bulk_lines import LineCutter, answer_lines
from decision.http.media import problems
from decision.http.serving import Serving
from decision.logs import log
from decision.service.bulk.frame import Batch, Line, serving
from decision.service.concierge import Concierge

Once = Annotated[str | None, HeaderParameter(name="Idempotency-Key", pattern=r"^[\x21-\x7e]{1,200}$", required=False)]
"""A name of the caller's own choice: 1 to 200 visible ASCII characters."""

NDJSON = "application/x-ndjson"
BATCH = 64
"""How many lines are decided together: enough to share what a batch costs, few enough that its steps stay short."""


class Backlog:
    """Lines that are read and not begun: who reads waits while there is a batch of them."""

    def __init__(self) -> None:
        self._lines: deque[Line] = deque()
        self._ended = False
        self._some, self._room = asyncio.Event(), asyncio.Event()

    async def put(self, lines: list[Line]) -> None:
        """Add lines, and wait until there is room for others."""
        self._lines += lines
        if self._lines:
            self._some.set()
        while len(self._lines) >= BATCH:
            self._room.clear()
            await self._room.wait()

    def end(self) -> None:
        """Nothing follows."""
        self._ended = True
        self._some.set()

    async def take(self) -> list[Line]:
        """The next lines, up to a batch of them; none at the end.

        Whoever sends lines one by one is answered one by one; whoever sends many has them decided together.
        """
        while not self._lines and not self._ended:
            self._some.clear()
            await self._some.wait()
        taken = [self._lines.popleft() for _ in range(min(BATCH, len(self._lines)))]
        self._room.set()
        return taken


@post(
    "/v1/decisions/bulk",
    guards=[known],
    status_code=200,
    operation_id="decideBulk",
    summary="Decide many: NDJSON both ways, same order; a bad line becomes an error line",
    request_max_body_size=None,
    responses=problems(400, 401),
    tags=["decisions"],
)
async def decide_bulk(request: ApiRequest, concierge: Serving, idempotency_key: Once = None) -> ASGIApp:
    """Each line is a question as for one decision, at most 64,000 bytes; each answer line a decision, or a problem
    with the line's number.

    A line waits for the store up to ten seconds before it is decided without it and says so in `degraded`.

    With a header `Idempotency-Key` the same lines may be sent again for a day, in any order and company: each is
    decided once, and answered as it was then. Lines that are equal are one question. What was answered without the
    store, or is a dry run, is not remembered.
    """
    bulk = None if idempotency_key is None else f"{request.user.id} {idempotency_key}"

    async def stream(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", NDJSON.encode())]})
        async for chunk in _answers(concierge, request.user, request.stream(), bulk):
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    return stream


async def _answers(
    concierge: Concierge, key: ApiKey, stream: AsyncIterator[bytes], bulk: str | None = None
) -> AsyncGenerator[bytes, None]:
    """The answers in the order of the lines; at most a window of batches is read but not yet answered."""
    backlog = Backlog()
    begun: asyncio.Queue[asyncio.Task[bytes] | None] = asyncio.Queue()
    free = asyncio.Semaphore(concierge.bulk_processes.window)

    async def begin() -> None:
        try:
            await free.acquire()
            while lines := await backlog.take():
                begun.put_nowait(asyncio.create_task(_answer(concierge, key, lines, bulk)))
                await free.acquire()
        finally:
            begun.put_nowait(None)

    tasks = asyncio.create_task(_read(stream, backlog)), asyncio.create_task(begin())
    try:
        while (task := await begun.get()) is not None:
            yield await task
            free.release()
    finally:
        for each in tasks:
            each.cancel()


async def _read(stream: AsyncIterator[bytes], backlog: Backlog) -> None:
    """Put all lines of a stream."""
    cutter = LineCutter()
    try:
        async for piece in stream:
            await backlog.put(cutter.cut(piece))
    except HTTPException as error:
        # The caller went away in the middle; what has begun is finished, for it may be in the journal already.
        log.warning("bulk_broken_off", error=error.detail)
    except Exception as error:
        log.error("bulk_broken_off", exc_info=error)
    await backlog.put(cutter.end())
    backlog.end()


async def _answer(concierge: Concierge, key: ApiKey, lines: list[Line], bulk: str | None) -> bytes:
    """The answers to some lines: from a process of the bulk, or decided here."""
    answers = await concierge.bulk_processes.answer(Batch(key, serving(concierge.refresher.snapshot), lines, bulk))
    return await answer_lines(concierge, key, lines, bulk) if answers is None else answers
