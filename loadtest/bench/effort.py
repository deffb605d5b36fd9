"""How long a run measures."""

import msgspec


class Effort(msgspec.Struct, frozen=True):
    """Sizes of one run: `kernel_seconds` per contestant and round, `load_seconds` per phase of load and round.

    `customers` live in the store while the service is measured; `bulk` of them are asked for at once, `profiles` are
    weighed for their memory.
    """

    rounds: int
    kernel_seconds: float
    load_seconds: float
    customers: int
    bulk: int
    long_bulk: int
    profiles: int


FULL = Effort(
    rounds=5, kernel_seconds=0.2, load_seconds=5.0, customers=15_000, bulk=20_000, long_bulk=100_000, profiles=200_000
)
QUICK = Effort(rounds=5, kernel_seconds=0.02, load_seconds=1.0, customers=500, bulk=1000, long_bulk=3000, profiles=2000)
"""Finds out whether everything runs; its figures are rough."""
