"""The worker's end of one bulk process."""

import asyncio
import socket
import subprocess
import sys
from collections import deque

from decision.logs import log
from decision.metrics import forget_process
from decision.service.bulk.frame import Batch, encode_batch, frame, read_frame
from rules.errors import Unavailable

MODULE = "decision.http.bulk_process"
"""What such a process runs; it is told the number of its end of a socket."""

SILENT_SECONDS = 25.0
"""How long a process may say nothing while it has a batch: on cores that others keep busy, one that gives way to all of
them needs many seconds for the hundredths of one that a batch takes. Shorter than a worker that is told to end waits
for its calls."""

START_SECONDS = 300.0
"""The same while it starts: it may have to compile."""

END_SECONDS = 5.0
"""How long it may write down the last of its figures and log."""

_READ_AHEAD = 1 << 20


class BulkProcess:
    """A process between `start` and `close`, which answers batches in the order in which they are sent.

    Whatever is not answered when it ends raises `Unavailable`, and `gone` is set. One that stays silent for too long,
    or says more than it was asked, is ended.
    """

    def __init__(self) -> None:
        self.gone = asyncio.Event()
        self._ready = asyncio.Event()
        self._asked: deque[asyncio.Future[bytes]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._listening: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start it; returns once it is ready. Raises `OSError` or `Unavailable` when it does not get there."""
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self._process = _spawn(theirs.fileno())
            reader, self._writer = await asyncio.open_connection(sock=ours, limit=_READ_AHEAD)
        except BaseException:
            ours.close()
            raise
        self._expect()
        self._listening = asyncio.create_task(self._listen(reader))
        await self._ready.wait()
        if self.gone.is_set():
            raise Unavailable("A bulk process ended before it was ready; its own lines in the log say why.")

    async def close(self) -> None:
        """End it, and return when it has ended."""
        self._end()
        if self._listening is not None:
            self._listening.cancel()
            # That its socket is closed tells it to end.
            self._writer.close()
        if self._process is not None:
            await asyncio.to_thread(_wait_for, self._process)
            forget_process(self._process.pid)

    @property
    def number(self) -> int:
        """The process's number."""
        return 0 if self._process is None else self._process.pid

    @property
    def load(self) -> int:
        """How many batches are not answered yet."""
        return len(self._asked)

    async def answer(self, batch: Batch) -> bytes:
        """The answers to a batch."""
        if self.gone.is_set():
            raise Unavailable("The bulk process has ended.")
        # First, for whoever waits for an answer to what cannot be sent would get that of the next one.
        sent = frame(encode_batch(batch))
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._asked.append(answer)
        if len(self._asked) == 1:
            self._expect()
        self._writer.write(sent)
        return await answer

    def _expect(self) -> None:
        """From now on it has its time for the next thing it has to say, if there is any."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self.gone.is_set() and (self._asked or not self._ready.is_set()):
            seconds = SILENT_SECONDS if self._ready.is_set() else START_SECONDS
            self._timer = asyncio.get_running_loop().call_later(seconds, self._give_up, seconds)

    def _give_up(self, seconds: float) -> None:
        log.error("bulk_process_silent", process=self.number, seconds=seconds)
        self._kill()

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        try:
            while (body := await read_frame(reader)) is not None:
                self._ready.set()
                if body and not self._asked:
                    log.error("bulk_process_unasked", process=self.number, bytes=len(body))
                    self._kill()
                    return
                if body:
                    answer = self._asked.popleft()
                    if not answer.done():
                        answer.set_result(body)
                self._expect()
        except OSError:
            pass
        finally:
            self._end()

    def _kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._end()

    def _end(self) -> None:
        self.gone.set()
        self._ready.set()
        while self._asked:
            answer = self._asked.popleft()
            if not answer.done():
                answer.set_exception(Unavailable("The bulk process ended before it answered."))
        self._expect()


def _spawn(number: int) -> subprocess.Popen[bytes]:
    """A process with a number of its own; it takes a millisecond or two to begin."""
    return subprocess.Popen(
        [sys.executable, "-m", MODULE, str(number)],
        stdin=subprocess.DEVNULL,
        pass_fds=(number,),
        # Ctrl+C reaches the worker alone, which closes the socket when it is done. Not a session of its own: Linux may
        # share the cores out by session first, and this process shall give way to the worker.
        process_group=0,
    )


def _wait_for(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
