"""One connection to a server of the Redis protocol: a batch of commands goes out, and its replies come back together.

The client library connects, authenticates and encrypts. From then on bytes go straight from the transport to its
parser: a wait with a timer of its own for every single reply costs more than all the rest of a batch.
"""

import asyncio
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from hiredis import Reader
from redis._parsers.base import BaseParser
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as Lost
from redis.exceptions import InvalidResponse
from redis.exceptions import TimeoutError as TimedOut

Read = TypeVar("Read")

Reply = object
"""What a command was answered: bytes, an int, a list, None; or the error the server gave for this one command."""

_MORE: Final = object()
"""What the parser gives while a reply is not there as a whole."""


class Batch(Generic[Read]):
    """Commands as they are sent, how many there are, and how their replies are read into the `future`'s result."""

    def __init__(self, packed: bytes, size: int, read: Callable[[list[Reply]], Read]) -> None:
        self.packed = packed
        self.missing = size
        self.replies: list[Reply] = []
        self.future: asyncio.Future[Read] = asyncio.get_running_loop().create_future()
        self._read = read

    def land(self) -> None:
        """All replies are there."""
        if not self.future.done():
            try:
                self.future.set_result(self._read(self.replies))
            except Exception as error:
                self.future.set_exception(error)

    def fail(self, error: Exception) -> None:
        """No more replies will come."""
        if not self.future.done():
            self.future.set_exception(error)


class Connection(asyncio.Protocol):
    """Carries one batch at a time; `free` is told whenever it can carry the next, `failed` makes the batch's error.

    A server that sends nothing for `timeout` seconds while replies are missing is given up, and the connection with it;
    one that has begun to reply and stops, after twice that at most.
    """

    def __init__(
        self,
        client: AbstractConnection,
        timeout: float,
        free: Callable[["Connection"], None],
        failed: Callable[[Exception], Exception],
    ) -> None:
        assert client._writer is not None
        self._transport = client._writer.transport
        # Kept, because a stream that nobody holds any more closes the transport under it.
        self._streams = client._reader, client._writer
        client._reader = client._writer = None
        self._transport.set_protocol(self)
        self._parser = Reader(protocolError=InvalidResponse, replyError=BaseParser.parse_error, notEnoughData=_MORE)
        self._loop = asyncio.get_running_loop()
        self._timeout = timeout
        self._free = free
        self._failed = failed
        self._batch: Batch[object] | None = None
        self._heard = False
        self._gone = self._loop.create_future()

    @property
    def usable(self) -> bool:
        """Whether the connection still stands."""
        return not self._transport.is_closing()

    def send(self, batch: Batch[Read]) -> None:
        """Send a batch; its future is told."""
        self._batch = batch  # type: ignore[assignment]
        self._heard = False
        self._timer = self._loop.call_later(self._timeout, self._look)
        self._transport.write(batch.packed)

    async def close(self) -> None:
        """Let go, and return when that is done."""
        self._transport.close()
        await self._gone

    def data_received(self, data: bytes) -> None:
        """Read what has come."""
        self._heard = True
        batch = self._batch
        if batch is None:
            # Nobody asked: a server that says farewell, or one that we misunderstand.
            self._transport.abort()
            return
        try:
            self._parser.feed(data)
            while batch.missing and (reply := self._parser.gets()) is not _MORE:
                batch.replies.append(reply)
                batch.missing -= 1
            if not batch.missing and self._parser.has_data():
                # The rest would answer whoever asks next, with what is somebody else's.
                raise InvalidResponse("more replies than commands")
        except InvalidResponse as error:
            self._give_up(error)
            return
        if not batch.missing:
            self._timer.cancel()
            self._batch = None
            self._free(self)
            batch.land()

    def connection_lost(self, error: Exception | None) -> None:
        """The other side has gone, or we have."""
        self._gone.set_result(None)
        self._give_up(Lost(f"Connection lost: {error or 'closed by the server'}"))

    def _look(self) -> None:
        if self._heard:
            self._heard = False
            self._timer = self._loop.call_later(self._timeout, self._look)
        else:
            self._give_up(TimedOut(f"Timeout: no reply for {self._timeout} seconds"))

    def _give_up(self, error: Exception) -> None:
        batch, self._batch = self._batch, None
        self._transport.abort()
        if batch is not None:
            self._timer.cancel()
            batch.fail(self._failed(error))
