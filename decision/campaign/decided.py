"""What was decided about a customer: just now, or before by a process that may have been killed."""

import msgspec

from decision.campaign.receipts import Receipt
from decision.engine.replaying import replay_judged
from decision.engine.request import Decision
from decision.engine.snapshot import Snapshot
from decision.engine.verdict import Codes
from decision.journal.record import DecisionRecord, decode_record
from decision.service.admission import Ask
from decision.service.made import Made
from decision.version.versions import Versions
from rules.ids import CustomerId, DecisionId


class Decided(msgspec.Struct, frozen=True, eq=False):
    """What was decided about a customer; `known` says whether there was a profile or a contact.

    `verdicts` is the final `Reason` of every candidate, shown or not: uint8[n].
    """

    customer: CustomerId
    id: DecisionId
    decision: Decision
    known: bool
    verdicts: Codes


def decided_now(ask: Ask, made: Made) -> Decided:
    """As it was made just now."""
    assert ask.customer is not None
    known = made.state is not None and made.state.known
    return Decided(ask.customer, made.draw.id, made.decision, known, made.verdicts)


async def decided_before(customer: CustomerId, receipt: Receipt, snapshot: Snapshot, versions: Versions) -> Decided:
    """As a receipt says; its verdicts are found by deciding again what its record holds."""
    record = decode_record(receipt.record)
    assert isinstance(record, DecisionRecord)
    again = replay_judged(record, snapshot, await versions.prices(record))
    return Decided(customer, record.id, record.decision, receipt.known, again.verdicts)
