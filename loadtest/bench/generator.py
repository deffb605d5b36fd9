"""The load generator, a process of its own: a plan on standard input, what came of it on standard output.

`python -m loadtest.bench.generator`. Neither side of it waits for the other: an open plan has one thread that sends
when the moment has come and one that receives, both blocked in the system in between, so that the clock is exact and
the generator uses little of the machine.
"""

import gc
import selectors
import sys
import threading
import time
from array import array
from collections import Counter, deque

import msgspec

from loadtest.bench.load import Load, Plan
from loadtest.bench.wire import Received, Wire, is_degraded, stages_of

_GRACE = 10.0
"""Seconds after the last request within which its answer must come."""


class _Tally:
    """What has come back so far."""

    def __init__(self) -> None:
        self.latencies: array[int] = array("I")
        self.failed: Counter[int] = Counter()
        self.degraded = self.dropped = 0
        self.stages: dict[str, array[float]] = {}

    def add(self, answer: Received, seconds: float) -> None:
        self.latencies.append(min(max(int(seconds * 1e6), 0), 0xFFFF_FFFF))
        if answer.status != 200:
            self.failed[answer.status] += 1
        elif is_degraded(answer.body):
            self.degraded += 1
        for name, microseconds in stages_of(answer.head).items():
            self.stages.setdefault(name, array("f")).append(microseconds)

    def load(self, seconds: float, cpu: float, late: float) -> Load:
        return Load(
            len(self.latencies), seconds, self.latencies.tobytes(), dict(self.failed), self.degraded, cpu / seconds,
            int(late * 1e6), self.dropped, {name: times.tobytes() for name, times in self.stages.items()},
        )  # fmt: skip


def run(plan: Plan) -> Load:
    """Carry a plan out."""
    wires = [Wire(plan.host, plan.port) for _ in range(plan.connections)]
    gc.freeze()
    gc.disable()
    try:
        return _closed(plan, wires) if plan.mode == "closed" else _Open(plan, wires).run()
    finally:
        gc.enable()
        for wire in wires:
            wire.socket.close()


def _closed(plan: Plan, wires: list[Wire]) -> Load:
    tally, clock = _Tally(), time.perf_counter
    poll = selectors.DefaultSelector()
    for wire in wires:
        poll.register(wire.socket, selectors.EVENT_READ, wire)
    cpu, begun = time.process_time(), clock()
    end, number, waiting = begun + plan.seconds, 0, len(wires)
    for wire in wires:
        wire.send(plan.requests[number % len(plan.requests)], clock())
        number += 1
    while waiting:
        ready = poll.select(_GRACE)
        if not ready:
            raise TimeoutError(f"no answer for {_GRACE:.0f} s")
        for key, _ in ready:
            asked: Wire = key.data
            if not _received(asked, poll, tally):
                continue
            now = clock()
            if now < end:
                asked.send(plan.requests[number % len(plan.requests)], now)
                number += 1
            else:
                waiting -= 1
    return tally.load(clock() - begun, time.process_time() - cpu, 0.0)


def _received(wire: Wire, poll: selectors.BaseSelector, tally: _Tally) -> bool:
    """Whether the answer is there as a whole, or never comes: then the connection is a new one."""
    try:
        answer = wire.receive()
    except ConnectionError:
        tally.dropped += 1
        poll.unregister(wire.socket)
        wire.socket.close()
        wire.open()
        poll.register(wire.socket, selectors.EVENT_READ, wire)
        return True
    if answer is not None:
        tally.add(answer, time.perf_counter() - wire.due)
    return answer is not None


class _Open:
    """Requests at fixed moments; those that find no free connection wait, and their clock runs."""

    def __init__(self, plan: Plan, wires: list[Wire]) -> None:
        self._plan = plan
        self._wires = wires
        self._free = deque(wires)
        self._late = deque[tuple[bytes, float]]()
        self._turn = threading.Lock()
        self._tally = _Tally()
        self._total = int(plan.rate * plan.seconds)
        self._failure: Exception | None = None

    def run(self) -> Load:
        receiver = threading.Thread(target=self._receive, daemon=True)
        cpu, begun = time.process_time(), time.perf_counter()
        receiver.start()
        latest = self._send(begun)
        receiver.join(_GRACE + self._plan.seconds)
        if self._failure is not None:
            raise self._failure
        if receiver.is_alive():
            raise TimeoutError(f"no answer for {_GRACE:.0f} s")
        return self._tally.load(time.perf_counter() - begun, time.process_time() - cpu, latest)

    def _send(self, begun: float) -> float:
        requests, pause, latest = self._plan.requests, 1.0 / self._plan.rate, 0.0
        for number in range(self._total):
            due = begun + number * pause
            ahead = due - time.perf_counter()
            if ahead > 0:
                time.sleep(ahead)
            with self._turn:
                if not self._free:
                    self._late.append((requests[number % len(requests)], due))
                    continue
                wire = self._free.popleft()
            latest = max(latest, time.perf_counter() - due)
            wire.send(requests[number % len(requests)], due)
        return latest

    def _receive(self) -> None:
        try:
            poll = selectors.DefaultSelector()
            for wire in self._wires:
                poll.register(wire.socket, selectors.EVENT_READ, wire)
            answered = 0
            while answered < self._total:
                ready = poll.select(_GRACE)
                if not ready:
                    raise TimeoutError(f"no answer for {_GRACE:.0f} s")
                for key, _ in ready:
                    asked: Wire = key.data
                    if _received(asked, poll, self._tally):
                        answered += 1
                        self._release(asked)
        except Exception as error:
            self._failure = error

    def _release(self, wire: Wire) -> None:
        """Let the connection take the request that has waited longest, or be free."""
        with self._turn:
            if not self._late:
                self._free.append(wire)
                return
            request, due = self._late.popleft()
        wire.send(request, due)


def main() -> None:
    """Read the plan, carry it out, write what came of it."""
    plan = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Plan)
    sys.stdout.buffer.write(msgspec.msgpack.encode(run(plan)))


if __name__ == "__main__":
    main()
