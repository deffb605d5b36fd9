"""An empty typed Litestar handler with Concierge's request and answer, on the same server: `python -m` and a port.

It decodes a question, validates it, and answers with one fixed slate that is encoded anew each time. `/raw` answers the
same bytes without Litestar. The fixed answer is read from the file named second.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec
from granian.constants import Interfaces, Loops
from granian.log import LogLevels
from granian.server.mp import MPServer
from litestar import Litestar, asgi, get, post
from litestar.params import JSONBody
from litestar.types import Receive, Scope, Send
from msgspec import Meta

NAME = r"^(?!\.{1,2}$)[^\x00-\x1f\x7f/]{1,200}$(?!\n)"
Name = Annotated[str, Meta(pattern=NAME)]
Word = Annotated[str, Meta(max_length=200)]
Words = Annotated[list[str], Meta(max_length=200)]
Numbers = Annotated[dict[str, float], Meta(max_length=200)]
Value = str | bool | int | float | Words | Numbers | None


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The fields of `POST /v1/decisions`."""

    placement: Word
    customer: Name | None = None
    visitor: Name | None = None
    context: Annotated[dict[Word, Value], Meta(max_length=256)] = {}
    slots: Annotated[int, Meta(ge=1)] | None = None
    exclude: Annotated[tuple[Word, ...], Meta(max_length=10_000)] = ()
    dry_run: bool = False
    at: str | None = None


class Offer(msgspec.Struct, frozen=True):
    """One offer of its answer."""

    offer: str
    rank: int
    propensity: float | None
    value: float
    score: float
    probability: float
    creative: Mapping[str, str]
    reasons: tuple[str, ...]


class Answer(msgspec.Struct, frozen=True):
    """Its answer."""

    decision: str
    placement: str
    offers: tuple[Offer, ...]
    group: str
    degraded: tuple[str, ...]
    catalogue: str
    model: str | None
    customer: str | None = None
    visitor: str | None = None
    further_models: dict[str, str] = {}


def empty_app(body: bytes) -> Litestar:
    """The application; `body` is a decision as Concierge answered it."""
    fixed = msgspec.json.decode(body, type=Answer)
    head = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]

    @post("/v1/decisions", status_code=200)
    async def decide(data: JSONBody[Question]) -> Answer:  # noqa: ARG001
        return fixed

    @asgi("/raw", copy_scope=False)
    async def raw(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    @get("/health/ready")
    async def ready() -> None:
        return None

    return Litestar([decide, raw, ready], openapi_config=None, logging_config=None)


def app() -> Litestar:
    """The application of a worker, which inherits the command line."""
    return empty_app(Path(sys.argv[2]).read_bytes())


def main() -> None:
    """Serve on the port until the process is ended, with the settings of `concierge serve`."""
    MPServer(
        "loadtest.baselines.empty:app", factory=True, address="127.0.0.1", port=int(sys.argv[1]),
        interface=Interfaces.ASGI, workers=1, loop=Loops.uvloop, websockets=False, log_level=LogLevels.warning,
    ).serve()  # fmt: skip


if __name__ == "__main__":
    main()
