"""Occasions: what tells decisions about the same subject at the same moment from all others."""

from rules.ids import Instant

Occasion = tuple[str, Instant]
"""Who was decided for, and when."""


def occasion(customer: str | None, visitor: str | None, decision: str, at: int) -> Occasion:
    """The occasion of a decision; one for nobody in particular has its own."""
    if customer is not None:
        return f"c:{customer}", Instant(at)
    return f"v:{visitor}" if visitor is not None else f"d:{decision}", Instant(at)
