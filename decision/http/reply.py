"""A reply, encoded: for Litestar to send, or to send at once."""

from typing import Any

import msgspec
from litestar import Response
from litestar.types import Send


class Reply(msgspec.Struct, frozen=True):
    """The body as bytes of a media type, its status, and what other headers it has."""

    body: bytes
    kind: str
    status: int = 200
    headers: dict[str, str] = {}

    def response(self) -> Response[Any]:
        """What Litestar sends; it leaves bytes as they are."""
        return Response(self.body, status_code=self.status, media_type=self.kind, headers=self.headers)

    async def send(self, send: Send) -> None:
        """Send it, past Litestar."""
        headers = [(b"content-type", self.kind.encode()), (b"content-length", b"%d" % len(self.body))]
        if self.headers:
            headers += [(name.lower().encode(), value.encode()) for name, value in self.headers.items()]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": False})
