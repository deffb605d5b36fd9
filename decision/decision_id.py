"""Decision ids: 32 hex digits that sort by time."""

from collections.abc import Callable

from rules.ids import DecisionId, Instant


def new_decision_id(now: Instant, random_bits: Callable[[int], int]) -> DecisionId:
    """A new id: 12 digits of the wall clock in milliseconds, then 80 random bits (`random.Random().getrandbits`)."""
    return DecisionId(f"{now << 80 | random_bits(80):032x}")


IMPORTED = "import-"
"""How the id of a decision begins that another system made; there is no time in it."""


def decision_time(id: DecisionId) -> Instant | None:
    """The wall clock inside an id; None for an id of another system's making."""
    if len(id) != 32 or not all(digit in "0123456789abcdef" for digit in id):
        return None
    return Instant(int(id[:12], 16))
