"""What a contact policy leaves room for within one slate: its own offers are contacts too."""

import msgspec
import numpy as np

from decision.engine.limit import Limit
from rules.contact import DECISION_KIND, IMPRESSION_KIND
from rules.contact_policy import BoundPolicy, PolicyBook
from rules.contact_tally import Counts
from rules.reason import Reason

COUNTED_AT_ONCE = (DECISION_KIND, IMPRESSION_KIND)
"""Kinds of contact that every shown offer is, or has room kept for."""


class SlatePolicies(msgspec.Struct, frozen=True, eq=False):
    """The policies of a placement that one slate may break by itself, with their indices in the book."""

    policies: tuple[tuple[int, BoundPolicy], ...]

    @classmethod
    def of(cls, book: PolicyBook) -> "SlatePolicies":
        """Those of a placement; no slate holds an offer twice, so policies per offer are not among them."""
        return cls(
            tuple(
                (index, policy)
                for index, policy in enumerate(book.policies)
                if policy.entry.count in COUNTED_AT_ONCE and policy.entry.per != "id"
            ),
        )

    def limits(self, counts: Counts | None, slots: int) -> tuple[Limit, ...]:
        """The limits that the contacts of a slate of `slots` could break, over the placement's candidates.

        Values that are used up already, or rest, are no matter of these limits: screening has left their offers out,
        and with an unknown history (None) all that an entry counts.
        """
        if slots < 2 or counts is None:
            return ()
        limits = []
        for index, policy in self.policies:
            room = policy.entry.at_most - counts[policy.stretch].astype(np.int64)
            if (room < slots).any():
                limits.append(Limit(policy.candidates, room, Reason.CONTACT_POLICY, index))
        return tuple(limits)
