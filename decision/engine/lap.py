"""The stages of one decision in the engine; whoever wants to know where the time goes is told at the end of each."""

from collections.abc import Callable
from typing import Literal

Stage = Literal["facts", "features", "screen", "weights", "predict", "score", "draw", "shadow", "conclude"]

Lap = Callable[[Stage], None]
"""Told the stage that has just ended; the engine itself has no clock."""


def untimed(_: str) -> None:
    """Nobody wants to know."""
