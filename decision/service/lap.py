"""The stages of one decision in the service, the engine's among them."""

from collections.abc import Callable
from typing import Literal

from decision.engine import lap as engine

Stage = Literal["admit", "load", "reserve", "journal", "answer"] | engine.Stage

Lap = Callable[[Stage], None]
"""Told the stage that has just ended; one that is repeated is told again."""

untimed = engine.untimed
