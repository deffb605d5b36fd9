"""The first reason against each candidate, found by one compiled pass over everything that could be one.

Every possible objection has a rank: 0 the offer's period, 1 the request's exclusions, 2 consent; then two for each
rule, that it does not hold and that it cannot be evaluated; then one for each entry of the contact policy; and last
that nothing is against the candidate. Each candidate gets the lowest rank of what speaks against it, so the passes need
no order and hardly a branch.
"""

from collections.abc import Callable, Sequence

import msgspec
import numpy as np
from numba import njit
from numpy.typing import NDArray

from rules.contact_tally import Counts
from rules.reason import Reason

OUT_OF_PERIOD, EXCLUDED, NO_CONSENT, FIRST_RULE = range(4)
FAILS, ABSENT, HOLDS = range(3)

Ranks = NDArray[np.uint16]


class Objections(msgspec.Struct, frozen=True, eq=False):
    """The reason and the index of the rule or entry (else -1) of every rank."""

    reasons: NDArray[np.uint8]
    details: NDArray[np.int16]

    @classmethod
    def of(cls, rules: Sequence[Reason], policies: int) -> "Objections":
        """From the reason of each rule, where it does not hold, and the number of entries of the contact policy."""
        ranked: list[tuple[Reason, int]] = [
            (Reason.OUT_OF_PERIOD, -1),
            (Reason.EXCLUDED_BY_REQUEST, -1),
            (Reason.NO_CONSENT, -1),
        ]
        for index, reason in enumerate(rules):
            ranked += [(reason, index), (Reason.ATTRIBUTE_ABSENT, index)]
        ranked += [(Reason.CONTACT_POLICY, index) for index in range(policies)]
        ranked.append((Reason.UNDECIDED, -1))
        reasons, details = zip(*ranked, strict=True)
        return cls(np.array(reasons, np.uint8), np.array(details, np.int16))


def _rank_rules(ranks: Ranks, verdicts: NDArray[np.uint8], covered: NDArray[np.bool_], nothing: np.uint16) -> None:
    for rule in range(len(verdicts)):
        fails, absent = np.uint16(FIRST_RULE + 2 * rule), np.uint16(FIRST_RULE + 2 * rule + 1)
        for at in range(len(ranks)):
            verdict = verdicts[rule, at]
            against = absent if verdict == ABSENT else fails
            rank = against if covered[rule, at] & (verdict != HOLDS) else nothing
            ranks[at] = min(ranks[at], rank)


_by_rules = njit(cache=True, nogil=True, inline="always")(_rank_rules)


def _rank_policies(
    ranks: Ranks,
    first_rank: int,
    counts: Counts,
    most: NDArray[np.int32],
    stops: NDArray[np.int64],
    begins: NDArray[np.int32],
    members: NDArray[np.int32],
) -> None:
    first = 0
    for policy in range(len(most)):
        # Few entries are full anywhere, and to see that there is none is a fast loop: compilers vectorise a maximum.
        highest = np.int32(-1)
        for place in range(first, stops[policy]):
            highest = max(highest, counts[np.uint64(place)])
        if highest >= most[policy]:
            for place in range(first, stops[policy]):
                if counts[place] >= most[policy]:
                    for at in members[begins[place] : begins[place + 1]]:
                        ranks[at] = min(ranks[at], np.uint16(first_rank + policy))
        first = stops[policy]


_by_policies = njit(cache=True, nogil=True, inline="always")(_rank_policies)


def _find(
    now: int,
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    period_begins: NDArray[np.int32],
    dated: NDArray[np.int32],
    excluded: NDArray[np.intp],
    refused: bool,
    verdicts: NDArray[np.uint8],
    covered: NDArray[np.bool_],
    counts: Counts,
    most: NDArray[np.int32],
    stops: NDArray[np.int64],
    place_begins: NDArray[np.int32],
    contacted: NDArray[np.int32],
    reasons: NDArray[np.uint8],
    details: NDArray[np.int16],
    reason: NDArray[np.uint8],
    detail: NDArray[np.int16],
    passes: NDArray[np.bool_],
) -> None:
    """Write the reason, the index behind it (else -1) and whether nothing is against it, for each candidate."""
    rules, candidates = covered.shape
    nothing = np.uint16(len(reasons) - 1)
    ranks = np.full(candidates, np.uint16(NO_CONSENT) if refused else nothing)
    _by_rules(ranks, verdicts, covered, nothing)
    _by_policies(ranks, FIRST_RULE + 2 * rules, counts, most, stops, place_begins, contacted)
    # The lowest ranks come last, so they need not look at what is there.
    for at in excluded:
        ranks[at] = EXCLUDED
    for period in range(len(starts)):
        if now < starts[period] or now >= ends[period]:
            for at in dated[period_begins[period] : period_begins[period + 1]]:
                ranks[at] = OUT_OF_PERIOD
    for at in range(candidates):
        passes[at] = ranks[at] == nothing
    for at in range(candidates):
        # An unsigned index spares the look whether it counts from the end.
        rank = np.uint64(ranks[at])
        reason[at], detail[at] = reasons[rank], details[rank]


find: Callable[..., None] = njit(cache=True, nogil=True)(_find)
