"""Takes decisions back: their contacts leave the histories, as long as no outcome of theirs is there."""

from collections.abc import Collection, Sequence
from functools import partial

import msgspec
import numpy as np

from decision.campaign.deciding import patiently
from decision.clock import Clock
from decision.journal.journal import journal_entry
from decision.journal.record import WithdrawalRecord, encode_record
from decision.keys import contacts_key, customer_subject, decision_key
from decision.service.gathering import gather, parts
from decision.store.port import Store
from decision.subject.profiles import ATTEMPTS
from rules.contact import DECISION_KIND, ContactHistory, decision_tag, kind_key, offer_key, read_contacts
from rules.errors import Conflict
from rules.ids import CustomerId, DecisionId, Instant, OfferId

AT_ONCE = 500


class Sent(msgspec.Struct, frozen=True):
    """A decision, and what it showed to whom."""

    customer: CustomerId
    id: DecisionId
    offers: tuple[OfferId, ...]


class TakingBack:
    """Takes decisions of one campaign back, which were made for `moment` or later.

    What happens to one customer is one step that fails if the history moved: an outcome that is there by then keeps its
    decision. Doing it again changes nothing.
    """

    def __init__(self, store: Store, campaign: str, moment: Instant, clock: Clock) -> None:
        self._store = store
        self._campaign = campaign
        self._moment = moment
        self._clock = clock

    async def take_back(self, decisions: Sequence[Sent], reported: Collection[DecisionId]) -> list[Sent]:
        """Take back those of the decisions that no outcome was `reported` for, and journal it; returns them."""
        taken: list[Sent] = []
        for some in parts([one for one in decisions if one.id not in reported], AT_ONCE):
            gone = await patiently(partial(self._take, some))
            taken += gone
            # Nothing can come of them any more.
            await patiently(partial(self._store.delete, [decision_key(one.id) for one in gone]))
            now = self._clock()
            records = [encode_record(WithdrawalRecord(one.id, now, self._campaign, one.customer)) for one in gone]
            await patiently(partial(self._store.write, [journal_entry(record) for record in records]))
        return taken

    async def _take(self, decisions: Sequence[Sent]) -> list[Sent]:
        histories = await self._store.get_many([contacts_key(customer_subject(one.customer)) for one in decisions])
        done = await gather(self._take_one(one, history) for one, history in zip(decisions, histories, strict=True))
        return [one for one, gone in zip(decisions, done, strict=True) if gone]

    async def _take_one(self, sent: Sent, history: bytes | None) -> bool:
        """Whether no outcome was there; then its contacts are gone."""
        key = contacts_key(customer_subject(sent.customer))
        for _ in range(ATTEMPTS):
            contacts = read_contacts(history)
            own = self._own(sent, contacts)
            if (contacts["kind"][own] != kind_key(DECISION_KIND)).any():
                return False
            if not own.any():
                return True
            left = contacts[~own].tobytes() or None
            if await self._store.compare_and_put(key, history, left):
                return True
            (history,) = await self._store.get_many([key])
        raise Conflict(f"The contacts of {sent.customer} changed {ATTEMPTS} times meanwhile; try again.")

    def _own(self, sent: Sent, contacts: ContactHistory) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
        """Which contacts are the decision's and its outcomes'."""
        offers = np.array([offer_key(offer) for offer in sent.offers], np.uint64)
        mine: np.ndarray[tuple[int], np.dtype[np.bool_]] = (
            (contacts["tag"] == decision_tag(sent.id))
            & (contacts["at"] >= self._moment)
            & np.isin(contacts["offer"], offers)
        )
        return mine
