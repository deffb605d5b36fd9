"""The worker's end of one engine process."""

import asyncio
import socket
import subprocess
import sys
from collections import deque
from types import TracebackType

from decision.engine.snapshot import Snapshot
from decision.service.engine_frame import (
    LENGTH_BYTES,
    Batch,
    Drop,
    Load,
    Message,
    Outcomes,
    decode_outcomes,
    encode_frame,
)
from decision.service.task import Task
from decision.version.versions import Identity, Versions, identity_of
from rules.errors import Unavailable

ENDING_SECONDS = 5.0
"""How long a process whose socket is closed may take to end; it is killed after that."""

_READ_AHEAD = 1 << 20
_KEPT = 2
"""Snapshots that a process keeps: the one served now, and the one before it, for what was asked before a swap."""


class EngineHandle:
    """A process that runs inside `async with`, and answers messages in the order in which they are sent.

    Whatever is not answered when it ends raises `Unavailable`, and `gone` is set. Beginning raises `OSError` when there
    cannot be a process.
    """

    def __init__(self, versions: Versions) -> None:
        self.gone = asyncio.Event()
        self._versions = versions
        self._asked: deque[asyncio.Future[Outcomes]] = deque()
        self._numbers: dict[Identity, int] = {}
        self._next = 0
        self._turn = asyncio.Lock()

    async def __aenter__(self) -> "EngineHandle":
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self._process = _spawn(theirs.fileno())
            self._reader, self._writer = await asyncio.open_connection(sock=ours, limit=_READ_AHEAD)
        except BaseException:
            ours.close()
            raise
        self._listening = asyncio.create_task(self._listen())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listening.cancel()
        self._end()
        self._writer.close()
        await asyncio.to_thread(_wait, self._process)

    @property
    def process(self) -> int:
        """The process's number."""
        return self._process.pid

    @property
    def load(self) -> int:
        """How many messages are not answered yet."""
        return len(self._asked)

    async def learn(self, snapshot: Snapshot) -> None:
        """Have the process build a snapshot unless it has it; returns once it is warm."""
        identity = identity_of(snapshot)
        async with self._turn:
            if identity in self._numbers:
                return
            parcel = await self._versions.parcel(snapshot)
            if len(self._numbers) == _KEPT:
                oldest = next(iter(self._numbers))
                await self._ask(Drop(self._numbers.pop(oldest)))
            self._next += 1
            await self._ask(Load(self._next, parcel))
            self._numbers[identity] = self._next

    async def weigh(self, snapshot: Snapshot, tasks: list[Task]) -> Outcomes:
        """What becomes of the tasks."""
        identity = identity_of(snapshot)
        if identity not in self._numbers:
            await self.learn(snapshot)
        return await self._ask(Batch(self._numbers[identity], tasks))

    async def _ask(self, message: Message) -> Outcomes:
        if self.gone.is_set():
            raise Unavailable("The engine process has ended.")
        answer: asyncio.Future[Outcomes] = asyncio.get_running_loop().create_future()
        self._asked.append(answer)
        self._writer.write(encode_frame(message))
        return await answer

    async def _listen(self) -> None:
        try:
            while True:
                length = int.from_bytes(await self._reader.readexactly(LENGTH_BYTES), "big")
                outcomes = decode_outcomes(await self._reader.readexactly(length))
                answer = self._asked.popleft()
                if not answer.done():
                    answer.set_result(outcomes)
        except (asyncio.IncompleteReadError, OSError):
            self._end()

    def _end(self) -> None:
        self.gone.set()
        while self._asked:
            answer = self._asked.popleft()
            if not answer.done():
                answer.set_exception(Unavailable("The engine process ended before it answered."))


def _spawn(number: int) -> subprocess.Popen[bytes]:
    """A process that is told the number of its end of a socket; it takes a millisecond or two to begin."""
    return subprocess.Popen(
        [sys.executable, "-m", "decision.service.engine_process", str(number)],
        stdin=subprocess.DEVNULL,
        pass_fds=(number,),
        # Ctrl+C reaches the worker alone, which closes the socket when it is done.
        start_new_session=True,
    )


def _wait(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(ENDING_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
