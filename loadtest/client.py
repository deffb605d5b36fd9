"""A client of the HTTP API, for worlds that drive the service."""

from collections.abc import AsyncIterator, Iterable, Sequence
from time import perf_counter
from types import TracebackType

import aiohttp
import msgspec

from loadtest.errors import CallFailed
from loadtest.messages import Account, Event, Link, Outcome, Published, Question, Slate, Versions

_encode = msgspec.json.encode
_slate = msgspec.json.Decoder(Slate)
_JSON = {"content-type": "application/json"}
_NDJSON = {"content-type": "application/x-ndjson"}
_BULK_PATIENCE = aiohttp.ClientTimeout(total=None, sock_read=600)
"""However long a campaign takes; but an answer that stands still is given up."""


class Client:
    """Calls of one API key over a few kept connections; every call raises `CallFailed` unless it succeeds."""

    def __init__(self, address: str, key: str, connections: int = 8) -> None:
        self._session = aiohttp.ClientSession(
            address,
            headers={"authorization": f"Bearer {key}"},
            connector=aiohttp.TCPConnector(limit=connections),
            timeout=aiohttp.ClientTimeout(total=120),
            read_bufsize=1 << 20,
        )

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def decide(self, question: Question) -> tuple[Slate, float]:
        """A decision, and how many seconds it took from here."""
        body = _encode(question)
        begun = perf_counter()
        answer = await self._call("POST", "/v1/decisions", body)
        return _slate.decode(answer), perf_counter() - begun

    async def decide_many(self, questions: Iterable[Question]) -> AsyncIterator[Slate]:
        """The decisions of a campaign, in order, as the lines come in."""
        body = msgspec.json.Encoder().encode_lines(questions)
        path = "/v1/decisions/bulk"
        async with self._session.post(path, data=body, headers=_NDJSON, timeout=_BULK_PATIENCE) as response:
            if response.status >= 400:
                raise CallFailed(f"POST /v1/decisions/bulk: {response.status} {await response.text()}")
            async for line in response.content:
                try:
                    yield _slate.decode(line)
                except msgspec.ValidationError as error:
                    raise CallFailed(f"POST /v1/decisions/bulk: {line.decode()}") from error

    async def report(self, outcomes: Sequence[Outcome]) -> None:
        """Say what became of offers."""
        await self._call("POST", "/v1/outcomes", _encode(outcomes))

    async def tell(self, events: Sequence[Event]) -> None:
        """Say what people did."""
        await self._call("POST", "/v1/events", _encode(events))

    async def put_customer(self, customer: str, account: Account) -> None:
        """Set a customer's attributes and consents."""
        await self._call("PUT", f"/v1/customers/{customer}", _encode(account))

    async def link(self, link: Link) -> None:
        """Say who a visitor is."""
        await self._call("POST", "/v1/identities", _encode(link))

    async def models(self) -> Versions:
        """The model versions in force and in service, by goal."""
        return msgspec.json.decode(await self._call("GET", "/v1/models"), type=Versions)

    async def put_model(self, blob: bytes) -> str:
        """Publish a model file for its goal; gives its version."""
        body = _encode({"model": blob})
        return msgspec.json.decode(await self._call("PUT", "/v1/models", body), type=Published).version

    async def put_catalogue(self, workspace: str, offers: str) -> str:
        """Publish a workspace (TOML) with its offers (CSV); gives its version."""
        body = _encode({"workspace": workspace, "offers": offers})
        return msgspec.json.decode(await self._call("PUT", "/v1/catalogue", body), type=Published).version

    async def serving_catalogue(self) -> str | None:
        """The catalogue version in service."""
        body = await self._call("GET", "/v1/catalogue")
        return msgspec.json.decode(body, type=Versions).serving.get("current")

    async def get(self, path: str) -> bytes:
        """The body of any other resource."""
        return await self._call("GET", path)

    async def _call(self, method: str, path: str, body: bytes | None = None) -> bytes:
        async with self._session.request(method, path, data=body, headers=_JSON) as response:
            answer = await response.read()
            if response.status >= 400:
                raise CallFailed(f"{method} {path}: {response.status} {answer.decode(errors='replace')}")
            return answer
