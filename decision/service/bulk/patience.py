"""How a batch waits for a store that refuses: a little at first, then a second each time, for as long as it may."""

from collections.abc import Iterator
from itertools import chain, repeat

PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8, 1.0)
"""Seconds between asking a store that refuses and asking it again; the last one is repeated."""


def pauses() -> Iterator[float]:
    """Seconds to pause for after each try, without an end."""
    return chain(PAUSES, repeat(PAUSES[-1]))
