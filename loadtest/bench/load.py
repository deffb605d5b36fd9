"""What the generator is told to do, and what it says came of it."""

from array import array
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
    moment although a connection was free.
    """

    answers: int
    seconds: float
    latencies: bytes
    failed: dict[int, int]
    degraded: int
    cpu: float
    late: int = 0

    @property
    def per_second(self) -> float:
        """Answers per second."""
        return self.answers / self.seconds

    def microseconds(self) -> "array[int]":
        """The latencies as numbers."""
        return array("I", self.latencies)
