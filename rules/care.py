"""How models in use are looked after: how far back is looked, and what is told as a warning."""

import msgspec


class Care(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The bounds beyond which a model in use is worth a warning; none of them keeps it from serving.

    `window` is how much of the latest past is held against what a model learned from. `drift` is the stability index
    of a feature or of the predictions; `miscalibration` how far what was observed is off what was predicted, as a
    share; `degraded` the share of a day's decisions that went on without a part or fell back; `age` how long ago a
    model was trained. An offer seen less than `evidence` times is thin, and `thin` is the share of such offers.
    """

    window: str = "7d"
    drift: float = 0.2
    miscalibration: float = 0.25
    degraded: float = 0.05
    age: str = "30d"
    evidence: int = 20
    thin: float = 0.5
