"""One offer of an explanation."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from decision.engine.request import ShownOffer
from rules.facts import FactValue
from rules.ids import LeverId, OfferId
from rules.reason import Reason

_BY_SLUG = {reason.slug: reason for reason in Reason}


class ExplainedOffer(msgspec.Struct, frozen=True, kw_only=True):
    """Why one offer of the catalogue was shown or not.

    `rule` names what decided (a rule, a contact policy entry, a setting of the placement; empty where none did),
    `because` is its author's sentence, `read` the values it read (None where absent). The figures are None for offers
    that were never weighed; `probability` is the chance at its rank, and None for offers not shown. `features` are
    numbers, words where categorical, and None where missing. `contact_policy` tells of an offer that passed where the
    entries stand that remember: those that responses clear, or that a rest follows. `volume_limits` tells of it what
    was left, at places where a slate could have taken all. `price` is what the volume limits it counts towards cost
    together, where they had prices (a subsidy is below zero): the score is what the parts of the arbitration make, less
    this, and not below zero.
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
    price: float | None = None
    levers_in_force: tuple[LeverId, ...] = ()
    features: Mapping[str, float | str | None] = {}


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
