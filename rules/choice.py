"""How a placement chooses among the offers that are open: the parts of a score, and exploration."""

from typing import Literal

import msgspec

ArbitrationPart = Literal["propensity", "context", "value", "levers"]
ARBITRATION_PARTS: tuple[ArbitrationPart, ...] = ("propensity", "context", "value", "levers")


class Exploration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """At each rank: with probability `epsilon` uniform over what is left, else in proportion to score^(1/temperature).

    Temperature 0 takes the best score. `optimism` raises the score of offers that little is known about.
    """

    epsilon: float = 0.05
    temperature: float = 0.0
    optimism: float = 0.0
