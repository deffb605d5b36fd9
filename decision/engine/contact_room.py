"""What a contact policy leaves room for within one slate: its own offers are contacts too."""

import msgspec
import numpy as np

from decision.engine.limit import Limit
from rules.contact import DECISION_KIND, ContactHistory
from rules.contact_policy import BoundPolicy, PolicyBook
from rules.ids import Instant
from rules.reason import Reason

COUNTED_AT_ONCE = (DECISION_KIND, "impression")
"""Kinds of contact that every shown offer is, or may soon be."""


class SlatePolicies(msgspec.Struct, frozen=True, eq=False):
    """The policies of a placement that one slate may break by itself, with their indices in the book."""

    book: PolicyBook
    policies: tuple[tuple[int, BoundPolicy], ...]

    @classmethod
    def of(cls, book: PolicyBook) -> "SlatePolicies":
        """Those of a placement; no slate holds an offer twice, so policies per offer are not among them."""
        return cls(
            book,
            tuple(
                (index, policy)
                for index, policy in enumerate(book.policies)
                if policy.entry.count in COUNTED_AT_ONCE and policy.entry.per != "id"
            ),
        )

    def limits(self, history: ContactHistory, now: Instant, slots: int, candidates: int) -> tuple[Limit, ...]:
        """The limits that the contacts of a slate of `slots` could break, over the placement's candidates.

        Values that are used up already are no matter of these limits: screening has left their offers out.
        """
        if slots < 2 or not self.policies:
            return ()
        rows = self.book.index.rows(history)
        limits = []
        for index, policy in self.policies:
            used = policy.used(history, rows, now)
            if isinstance(used, int):
                codes, room = np.zeros(candidates, np.int32), np.array([policy.entry.at_most - used])
            else:
                codes, room = policy.candidates, policy.entry.at_most - used
            if (room < slots).any():
                limits.append(Limit(codes, room, Reason.CONTACT_POLICY, index))
        return tuple(limits)
