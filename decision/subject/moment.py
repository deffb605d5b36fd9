"""The moment that somebody is decided for: no contact that a policy counts may lie after it."""

from rules.contact import CONTACT, latest_in, moments_in
from rules.ids import Duration, Instant

BELIEVED = Duration(86_400_000)
"""How far ahead of our clock a contact may lie, and still be taken to be one that another clock has made."""


def moment_of(contacts: bytes, moment: Instant, clock: Instant) -> Instant:
    """A moment, or that of the latest contact in a history where this is later.

    A policy counts only what lies before a decision; so caps hold whatever worker's clock is ahead or behind. Contacts
    of more than a day after both moment and clock do not count yet: one wrong date must not move a customer's time for
    years.
    """
    if len(contacts) < CONTACT.itemsize:
        return moment
    latest = latest_in(contacts)
    believed = max(moment, clock) + BELIEVED
    if latest > believed:
        moments = moments_in(contacts)
        latest = int(moments.max(where=moments <= believed, initial=moment))
    return Instant(max(moment, latest))
