"""What the engine is asked and what it answers."""

import msgspec

from rules.ids import ModelVersion, OfferId, PlacementId

ContextValue = str | int | float | bool | tuple[str, ...] | dict[str, float]


class DecisionRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """One question to the engine; context values are already checked against their declared types."""

    placement: PlacementId
    context: dict[str, ContextValue] = {}
    slots: int | None = None
    exclude: tuple[OfferId, ...] = ()


class ShownOffer(msgspec.Struct, frozen=True):
    """One offer of the slate.

    `propensity` is None when no model gives one; `probability` is the exact chance of this offer at this rank, given
    the offers above it; `reasons` are slugs; `features` are the raw values of the catalogue's feature list, in order
    (NaN when missing).
    """

    offer: OfferId
    rank: int
    propensity: float | None
    value: float
    score: float
    probability: float
    reasons: tuple[str, ...]
    features: tuple[float, ...] = ()


class Shadow(msgspec.Struct, frozen=True):
    """What a challenger would have done: the offer it likes best (None: rather none), and its figures for those shown.

    `agrees` says whether the champion liked the same one best. Figures are in the order of the slate.
    """

    model: ModelVersion
    first: OfferId | None
    agrees: bool
    predictions: tuple[float, ...] = ()


class Decision(msgspec.Struct, frozen=True):
    """The engine's answer: the slate, why parts were left out, and how many offers each reason kept off.

    `none_probability` is the exact chance of showing nothing at all, where showing nothing could win; elsewhere 0.
    """

    offers: tuple[ShownOffer, ...]
    group: str
    degraded: tuple[str, ...]
    counts: dict[str, int]
    none_probability: float = 0.0
