"""HTTP/1.1 over one kept connection, as cheaply as can be: whole requests in, whole answers out."""

import socket
from contextlib import suppress
from typing import NamedTuple

_END = b"\r\n\r\n"
_LENGTH = b"content-length:"
_TIMING = b"\r\nserver-timing:"
_COMPLETE = (b'"degraded":[]', b'"degraded": []')


class Received(NamedTuple):
    """One answer; `head` is its status line and headers in lower case."""

    status: int
    head: bytes
    body: bytes


class Wire:
    """One connection; at most one request is under way. `due` is when that request was meant to leave."""

    def __init__(self, host: str, port: int) -> None:
        self._place = host, port
        self.due = 0.0
        self.open()

    def open(self) -> None:
        """Connect, instead of whatever was connected before."""
        self.socket = socket.create_connection(self._place, timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._held = b""

    def send(self, request: bytes, due: float) -> None:
        """Send a whole request; that the connection is lost is told by `receive`."""
        self.due = due
        with suppress(ConnectionError):
            self.socket.sendall(request)

    def receive(self) -> Received | None:
        """The answer if it is whole by now; raises `ConnectionError` when the peer hung up."""
        data = self.socket.recv(262_144)
        if not data:
            raise ConnectionError("the service closed the connection in the middle of a request")
        self._held += data
        end = self._held.find(_END)
        if end < 0:
            return None
        head = self._held[:end].lower()
        at = head.find(_LENGTH)
        if at < 0:
            raise ConnectionError("the answer has no Content-Length")
        whole = end + len(_END) + int(head[at + len(_LENGTH) :].split(b"\r\n", 1)[0])
        if len(self._held) < whole:
            return None
        body, self._held = self._held[end + len(_END) : whole], self._held[whole:]
        return Received(int(head[9:12]), head, body)


def stages_of(head: bytes) -> dict[str, float]:
    """Microseconds by stage, as the answer's Server-Timing says; empty without one."""
    _, _, rest = head.partition(_TIMING)
    stages = {}
    for metric in rest.partition(b"\r\n")[0].split(b","):
        name, found, milliseconds = metric.partition(b";dur=")
        if found:
            stages[name.strip().decode()] = 1000.0 * float(milliseconds.partition(b";")[0])
    return stages


def is_degraded(body: bytes) -> bool:
    """Whether a decision had to leave a part out; an answer that says nothing about it is not one."""
    return b'"degraded"' in body and not any(mark in body for mark in _COMPLETE)


def post(host: str, path: str, body: bytes, key: str) -> bytes:
    """A whole POST request of JSON."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
