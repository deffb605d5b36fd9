"""What a contact policy leaves room for within one slate: its own offers are contacts too."""

import numpy as np

from decision.engine.slate import Limit
from rules.contact import DECISION_KIND, ContactHistory
from rules.contact_policy import PolicyBook
from rules.ids import Instant
from rules.reason import Reason

COUNTED_AT_ONCE = (DECISION_KIND, "impression")
"""Kinds of contact that every shown offer is, or may soon be."""


def contact_limits(
    policies: PolicyBook, history: ContactHistory, now: Instant, slots: int, candidates: int
) -> tuple[Limit, ...]:
    """The limits that the contacts of a slate of `slots` could themselves break, over the placement's candidates.

    Values that are used up already are no matter of these limits: screening has left their offers out.
    """
    limits = []
    for index, policy in enumerate(policies.policies):
        entry = policy.entry
        # No slate holds an offer twice, so entries per offer cannot break within one.
        if slots < 2 or entry.count not in COUNTED_AT_ONCE or entry.per == "id":
            continue
        used = policy.used(history, policies.index.rows(history), now)
        if isinstance(used, int):
            codes, room = np.zeros(candidates, np.int32), np.array([entry.at_most - used])
        else:
            codes, room = policy.candidates, entry.at_most - used
        if (room < slots).any():
            limits.append(Limit(codes, room, Reason.CONTACT_POLICY, index))
    return tuple(limits)
