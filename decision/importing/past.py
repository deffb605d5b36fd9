"""A person's profile as it was at past moments, so that an imported decision learns nothing from its own future."""

from collections import deque
from collections.abc import Iterable, Mapping

from decision.journal.record import EventRecord, OutcomeRecord
from decision.journal.record_scope import scope_of
from decision.subject.changing import apply_event, apply_outcome
from decision.subject.profile import Profile
from rules.catalogue import Catalogue
from rules.contact import ContactHistory
from rules.ids import Instant, OfferId


class Past:
    """One person's events and outcomes, each counted once, in the order they happened.

    Attributes and consents are those known now, for no record says when an imported attribute was true.
    """

    def __init__(
        self,
        now: Profile,
        records: Iterable[EventRecord | OutcomeRecord],
        catalogue: Catalogue,
        rows: Mapping[OfferId, int],
    ) -> None:
        self._profile = Profile(attributes=now.attributes, consents=now.consents)
        once = {(type(record), record.id, scope_of(record)): record for record in records}
        self._waiting = deque(sorted(once.values(), key=lambda record: (record.at, record.id)))
        self._catalogue = catalogue
        self._rows = rows

    def before(self, moment: Instant) -> Profile:
        """The profile from everything that happened before a moment; moments must not go back."""
        while self._waiting and self._waiting[0].at < moment:
            self._count(self._waiting.popleft())
        return self._profile

    def _count(self, record: EventRecord | OutcomeRecord) -> None:
        workspace = self._catalogue.workspace
        if isinstance(record, EventRecord):
            self._profile = apply_event(self._profile, workspace, record)
        elif record.offer is not None and record.offer in self._rows:
            row = self._rows[record.offer]
            self._profile = apply_outcome(self._profile, workspace, record, self._catalogue.offers, row)


def contacts_before(history: ContactHistory, moment: Instant) -> ContactHistory:
    """The contacts that lie before a moment."""
    return history[history["at"] < moment]
