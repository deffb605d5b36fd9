"""One offer of an explanation."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from decision.engine.request import ShownOffer
from rules.facts import FactValue
from rules.ids import GoalId, LeverId, OfferId
from rules.reason import Reason

_BY_SLUG = {reason.slug: reason for reason in Reason}


class Contributions(msgspec.Struct, frozen=True):
    """The raw score of an offer taken apart; `average` and the families sum to it but for rounding.

    `raw` is the forest's score before it becomes a propensity (the logarithm of the odds) or a value (as it is), and
    before it is calibrated; `average` is what the forest gave on average in training. `families` sum `features`, of
    which those that add nothing are left out.
    """

    raw: float
    average: float
    families: dict[str, float]
    features: dict[str, float]
    sentence: str


class FurtherWorth(msgspec.Struct, frozen=True):
    """What an offer is worth to a further goal: `weight` × P × V; `propensity` is None where the goal has none."""

    goal: GoalId
    weight: float
    propensity: float | None
    value: float


class ExplainedOffer(msgspec.Struct, frozen=True, kw_only=True):
    """Why one offer of the catalogue was shown or not.

    `rule` names what decided (a rule, a contact policy entry, a setting of the placement; empty where none did),
    `because` is its author's sentence, `read` the values it read (None where absent). The figures are None for offers
    that were never weighed; `probability` is the chance at its rank, and None for offers not shown. `features` are
    numbers, words where categorical, and None where missing. `contact_policy` tells of an offer that passed where the
    entries stand that remember: those that responses clear, or that a rest follows. `volume_limits` tells of it what
    was left, at places where a slate could have taken all. `price` is what the volume limits it counts towards cost
    together, where they had prices (a subsidy is below zero): the score is what the parts of the arbitration make, less
    this, and not below zero. `further` tells what the placement's further goals
    add to propensity × value, and `optimism` the factor for what little is known of the offer, where there is one.
    `contributions` are told of offers shown and the best others, where a forest was asked.
    """

    offer: OfferId
    status: Literal["shown", "not_shown"]
    reason: str
    sentence: str
    rank: int | None = None
    rule: str = ""
    because: str = ""
    read: Mapping[str, FactValue | None] = {}
    contact_policy: tuple[str, ...] = ()
    volume_limits: tuple[str, ...] = ()
    probability: float | None = None
    score: float | None = None
    propensity: float | None = None
    context: float | None = None
    value: float | None = None
    levers: float | None = None
    further: tuple[FurtherWorth, ...] = ()
    optimism: float | None = None
    price: float | None = None
    levers_in_force: tuple[LeverId, ...] = ()
    features: Mapping[str, float | str | None] = {}
    contributions: Contributions | None = None


def as_recorded(offer: ShownOffer) -> ExplainedOffer:
    """A shown offer as far as the journal alone tells."""
    slug = offer.reasons[0] if offer.reasons else Reason.RANKED.slug
    reason = _BY_SLUG.get(slug)
    return ExplainedOffer(
        offer=offer.offer,
        status="shown",
        reason=slug,
        sentence=reason.sentence if reason else "",
        rank=offer.rank,
        probability=offer.probability,
        score=offer.score,
        propensity=offer.propensity,
        value=offer.value,
    )
