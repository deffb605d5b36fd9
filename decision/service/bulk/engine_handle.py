"""The worker's end of one engine process."""

import asyncio
import socket
import subprocess
import sys
from collections import deque
from types import TracebackType

from decision.engine.snapshot import Snapshot
from decision.logs import log
from decision.service.bulk.engine_frame import (
    LENGTH_BYTES,
    Batch,
    Drop,
    Load,
    Message,
    Outcomes,
    decode_outcomes,
    encode_frame,
)
from decision.service.bulk.task import Task
from decision.version.versions import Identity, Versions, identity_of
from rules.errors import Unavailable

ANSWER_SECONDS = 15.0
"""How long a process may say nothing while it has a batch to weigh.

Many times what a batch takes, for everybody else goes before the process; and shorter than a worker that is told to
end waits for its calls, so that these still get their answers.
"""

LEARN_SECONDS = 300.0
"""The same while it begins or builds a snapshot: it may have to compile, and it learns the first before it is asked."""

_READ_AHEAD = 1 << 20
_KEPT = 2
"""Snapshots that a process keeps: the one served now, and the one before it, for what was asked before a swap."""


class EngineHandle:
    """A process that runs inside `async with`, and answers messages in the order in which they are sent.

    Whatever is not answered when it ends raises `Unavailable`, and `gone` is set. One that stays silent for too long,
    or whose answer cannot be read, is ended. Beginning raises `OSError` when there cannot be a process.
    """

    def __init__(self, versions: Versions) -> None:
        self.gone = asyncio.Event()
        self._versions = versions
        self._asked: deque[tuple[asyncio.Future[Outcomes], float]] = deque()
        self._timer: asyncio.TimerHandle | None = None
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
        # It has nothing that could be lost, and may be far from reading that its socket is closed.
        self._process.kill()
        await asyncio.to_thread(self._process.wait)

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
                await self._send(Drop(self._numbers.pop(oldest)), ANSWER_SECONDS)
            self._next += 1
            learned = self._send(Load(self._next, parcel), LEARN_SECONDS)
            # From now on the process has it, also when nobody waits for that any more.
            self._numbers[identity] = self._next
            await learned

    async def weigh(self, snapshot: Snapshot, tasks: list[Task]) -> Outcomes:
        """What becomes of the tasks."""
        identity = identity_of(snapshot)
        if identity not in self._numbers:
            await self.learn(snapshot)
        return await self._send(Batch(self._numbers[identity], tasks), ANSWER_SECONDS)

    def _send(self, message: Message, seconds: float) -> asyncio.Future[Outcomes]:
        """A future for the answer, for which the process has so many seconds once it is that message's turn."""
        if self.gone.is_set():
            raise Unavailable("The engine process has ended.")
        # First, for whoever waits for an answer to what cannot be sent would get that of the next one.
        frame = encode_frame(message)
        answer: asyncio.Future[Outcomes] = asyncio.get_running_loop().create_future()
        self._asked.append((answer, seconds))
        if len(self._asked) == 1:
            self._expect()
        self._writer.write(frame)
        return answer

    def _expect(self) -> None:
        """From now on the process has its time for the oldest message."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._asked:
            self._timer = asyncio.get_running_loop().call_later(self._asked[0][1], self._give_up)

    def _give_up(self) -> None:
        log.error("engine_process_silent", process=self.process, seconds=self._asked[0][1])
        self._process.kill()
        self._end()

    async def _listen(self) -> None:
        try:
            while True:
                length = int.from_bytes(await self._reader.readexactly(LENGTH_BYTES), "big")
                outcomes = decode_outcomes(await self._reader.readexactly(length))
                answer, _ = self._asked.popleft()
                if not answer.done():
                    answer.set_result(outcomes)
                self._expect()
        except (asyncio.IncompleteReadError, OSError):
            pass
        except Exception as error:
            log.error("engine_process_unreadable", process=self.process, exc_info=error)
        finally:
            self._end()

    def _end(self) -> None:
        self.gone.set()
        while self._asked:
            answer, _ = self._asked.popleft()
            if not answer.done():
                answer.set_exception(Unavailable("The engine process ended before it answered."))
        self._expect()


def _spawn(number: int) -> subprocess.Popen[bytes]:
    """A process that is told the number of its end of a socket; it takes a millisecond or two to begin."""
    return subprocess.Popen(
        [sys.executable, "-m", "decision.service.bulk.engine_process", str(number)],
        stdin=subprocess.DEVNULL,
        pass_fds=(number,),
        # Ctrl+C reaches the worker alone, which closes the socket when it is done.
        start_new_session=True,
    )
