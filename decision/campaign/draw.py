"""What chance gives to a customer of a campaign: drawn from both their names, so that it is always the same."""

from hashlib import blake2b

from decision.campaign.campaign import Order
from decision.service.made import Draw
from decision.subject.moment import moment_of
from decision.subject.state import SubjectState
from rules.ids import CustomerId, DecisionId, Instant

_ID_BYTES = 10
_SEED_BYTES = 8


def decision_of(order: Order, customer: CustomerId) -> DecisionId:
    """The id of the one decision about a customer: 12 digits of the campaign's moment, then 80 bits of a hash."""
    return DecisionId(f"{order.moment:012x}{_digest(order, customer)[:_ID_BYTES].hex()}")


def draw_for(order: Order, customer: CustomerId, state: SubjectState, written: Instant) -> Draw:
    """The draw of a customer, for the campaign's moment.

    Whoever was contacted after that is decided for the moment of the last contact, for a campaign may take hours.
    """
    seed = int.from_bytes(_digest(order, customer)[_ID_BYTES:], "big") >> 1
    return Draw(decision_of(order, customer), written, moment_of(state.contacts, order.moment, written), seed)


def _digest(order: Order, customer: CustomerId) -> bytes:
    # The campaign's name has no NUL, so no two pairs give the same text.
    return blake2b(f"{order.campaign}\0{customer}".encode(), digest_size=_ID_BYTES + _SEED_BYTES).digest()
