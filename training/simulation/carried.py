"""A person's contact history along a simulated path: what the simulation showed, not what the log did."""

import msgspec
import numpy as np

from decision.journal.record import DecisionRecord
from rules.contact import (
    CONTACT,
    DECISION_KIND,
    IMPRESSION_KIND,
    ContactHistory,
    contact_record,
    decision_tag,
    kind_key,
    offer_key,
    read_contacts,
)
from rules.ids import CustomerId, OfferId, VisitorId
from rules.workspace import Channel

_DECISION, _IMPRESSION = kind_key(DECISION_KIND), kind_key(IMPRESSION_KIND)


class _Departure(msgspec.Struct, frozen=True, eq=False):
    """A decision that the simulation made otherwise.

    `logged` has the ranks of what was shown, by the offer's key; `shown` the keys of what the simulation shows, in
    order, and `contacts` what these count as.
    """

    record: DecisionRecord
    logged: dict[int, int]
    shown: tuple[int, ...]
    contacts: bytes


class CarriedContacts:
    """The history that one person has on the simulated path.

    A logged history is taken over but for what followed from decisions made otherwise: in place of what these showed
    stands what they show now. Outcomes stay where the same offer is shown; an impression is of a rank, whatever stands
    there. What new offers would have brought is not known, so it is not there.
    """

    def __init__(self) -> None:
        self._departures: dict[int, list[_Departure]] = {}
        self._customers: dict[VisitorId, CustomerId] = {}

    def history(self, record: DecisionRecord) -> bytes:
        """The contacts that the person has when this decision is made, as a blob; the log's where nothing differs.

        What showed nothing left no trace in the log's: it counts for its own subject and, once a visitor was seen with
        a customer, for that customer.
        """
        if record.customer is not None and record.visitor is not None:
            self._customers[record.visitor] = record.customer
        if not self._departures:
            return record.contacts
        logged = read_contacts(record.contacts)
        kept = np.ones(len(logged), np.bool_)
        seen: set[int] = set()
        moved: list[bytes] = []
        for row in np.flatnonzero(np.isin(logged["tag"], list(self._departures))).tolist():
            departure = self._of(logged, row)
            if departure is None:
                continue
            kind, offer = int(logged["kind"][row]), int(logged["offer"][row])
            if kind == _DECISION:
                seen.add(id(departure))
                kept[row] = False
            elif kind == _IMPRESSION:
                kept[row] = False
                moved += _moved(logged, row, departure, departure.logged[offer])
            else:
                kept[row] = offer in departure.shown
        made = [
            departure.contacts
            for departures in self._departures.values()
            for departure in departures
            if id(departure) in seen or (not departure.logged and self._same_subject(departure.record, record))
        ]
        return b"".join((logged[kept].tobytes(), *moved, *made))

    def note(self, record: DecisionRecord, channel: Channel, shown: tuple[OfferId, ...]) -> None:
        """Remember what the simulation shows where it is not what the log did."""
        logged = tuple(offer.offer for offer in record.decision.offers)
        if shown == logged:
            return
        tag = decision_tag(record.id)
        contacts = [
            contact_record(record.now, offer, DECISION_KIND, channel, rank, tag)
            for rank, offer in enumerate(shown, start=1)
        ]
        departure = _Departure(
            record,
            {offer_key(offer): rank for rank, offer in enumerate(logged, start=1)},
            tuple(offer_key(offer) for offer in shown),
            b"".join(contacts),
        )
        self._departures.setdefault(tag, []).append(departure)

    def _same_subject(self, earlier: DecisionRecord, later: DecisionRecord) -> bool:
        """Whether a decision that showed nothing was made for the subject that asks later."""
        if earlier.customer is not None:
            return earlier.customer == later.customer
        if earlier.visitor is None:
            return False
        known = self._customers.get(earlier.visitor)
        return earlier.visitor == later.visitor or (known is not None and known == later.customer)

    def _of(self, logged: ContactHistory, row: int) -> _Departure | None:
        """The departure that a logged contact followed from: two decisions share a tag by chance, hardly an offer."""
        offer = int(logged["offer"][row])
        found = self._departures[int(logged["tag"][row])]
        return next((departure for departure in found if offer in departure.logged), None)


def _moved(logged: ContactHistory, row: int, departure: _Departure, rank: int) -> list[bytes]:
    """An impression of a rank as that of what stands there now, if anything does."""
    if rank > len(departure.shown):
        return []
    contact = np.array([logged[row]], CONTACT)
    contact["offer"] = departure.shown[rank - 1]
    return [contact.tobytes()]
