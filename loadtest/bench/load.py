"""What the generator is told to do, and what it says came of it."""

from array import array
from collections import Counter
from collections.abc import Sequence
from typing import Literal

import msgspec


class Plan(msgspec.Struct, frozen=True):
    """Load for one address: `requests` are whole HTTP requests, sent over and over in order.

    `closed`: each of the connections sends its next request once the last is answered. `open`: `rate` requests a second
    are sent whether or not others are answered, on any connection that is free.
    """

    host: str
    port: int
    requests: tuple[bytes, ...]
    mode: Literal["closed", "open"]
    connections: int
    seconds: float
    rate: float = 0.0


class Load(msgspec.Struct, frozen=True):
    """What came of a plan.

    `latencies` (microseconds, as unsigned 32-bit numbers) run from the intended moment to the end of the answer;
    `failed` counts answers other than 200, by status; `degraded` those that had to leave a part out. `cpu` is the share
    of one core that the generator itself used; `late` is by how many microseconds the latest request left after its
    moment although a connection was free. `dropped` requests had no answer, because the service hung up. `stages`
    (microseconds, as 32-bit floats) are what the answers' Server-Timing says, in its order; empty where they have none.
    """

    answers: int
    seconds: float
    latencies: bytes
    failed: dict[int, int]
    degraded: int
    cpu: float
    late: int = 0
    dropped: int = 0
    stages: dict[str, bytes] = {}

    @property
    def per_second(self) -> float:
        """Answers per second."""
        return self.answers / self.seconds

    def microseconds(self) -> "array[int]":
        """The latencies as numbers."""
        return array("I", self.latencies)


def join_loads(loads: Sequence[Load]) -> Load:
    """What came of several plans, one after the other, as if they had been one; without stages."""
    seconds = sum(load.seconds for load in loads)
    failed: Counter[int] = Counter()
    for load in loads:
        failed.update(load.failed)
    return Load(
        answers=sum(load.answers for load in loads),
        seconds=seconds,
        latencies=b"".join(load.latencies for load in loads),
        failed=dict(failed),
        degraded=sum(load.degraded for load in loads),
        cpu=sum(load.cpu * load.seconds for load in loads) / seconds,
        late=max(load.late for load in loads),
        dropped=sum(load.dropped for load in loads),
    )
