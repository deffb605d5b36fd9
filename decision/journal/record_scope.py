"""Within what the id of a report counts once; intake's marks and the journal's readers agree on it."""

from decision.journal.record import EventRecord, OutcomeRecord
from decision.keys import customer_subject, visitor_subject

SCOPE = """CASE record
    WHEN 'outcome' THEN outcome.decision
    WHEN 'event' THEN coalesce('v:' || visitor, 'c:' || customer)
    ELSE '' END"""
"""`scope_of` over the columns of a segment, as SQL; decisions and profile changes have ids of our own making."""


def scope_of(record: EventRecord | OutcomeRecord) -> str:
    """An outcome's decision; the visitor that an event names, else its customer.

    That is what the reporter said, so it stays when the visitor turns out to be somebody, or somebody else.
    """
    if isinstance(record, OutcomeRecord):
        return record.decision
    if record.visitor is not None:
        return visitor_subject(record.visitor)
    return "" if record.customer is None else customer_subject(record.customer)
