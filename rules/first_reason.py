"""The first reason against each candidate, found by one compiled pass over everything that could be one.

Every possible objection has a rank: 0 the offer's period, 1 the request's exclusions, 2 consent; then two for each
rule, that it does not hold and that it cannot be evaluated; then one for each entry of the contact policy; and last
that nothing is against the candidate. Each candidate gets the lowest rank of what speaks against it, so the passes need
no order and hardly a branch.
"""

from collections.abc import Callable, Sequence
from typing import Self, cast

import msgspec
import numpy as np
from numba import njit
from numpy.typing import NDArray

from rules.array_block import CHECKSUM, Block, pack, part
from rules.contact_policy import PolicyBook
from rules.contact_tally import Counts
from rules.period import Periods
from rules.reason import Reason

OUT_OF_PERIOD, EXCLUDED, NO_CONSENT, FIRST_RULE = range(4)
FAILS, ABSENT, HOLDS = range(3)

Ranks = NDArray[np.uint16]


class Objections(msgspec.Struct, frozen=True, eq=False):
    """All that could speak against the candidates of a placement as far as no request changes it, in a `Block`.

    These are the arrays of its periods, which candidates each rule covers, for each entry of the contact policy what it
    allows, where its places stop and the candidates of each, and the reason and the index of the rule or entry (else
    -1) of every rank.
    """

    block: Block

    @classmethod
    def of(cls, periods: Periods, reasons: Sequence[Reason], covered: NDArray[np.bool_], policies: PolicyBook) -> Self:
        """From what each rule's failing is called, the candidates that it covers (rules × candidates), and entries."""
        ranked: list[tuple[Reason, int]] = [
            (Reason.OUT_OF_PERIOD, -1),
            (Reason.EXCLUDED_BY_REQUEST, -1),
            (Reason.NO_CONSENT, -1),
        ]
        for index, reason in enumerate(reasons):
            ranked += [(reason, index), (Reason.ATTRIBUTE_ABSENT, index)]
        ranked += [(Reason.CONTACT_POLICY, index) for index in range(len(policies.most))]
        ranked.append((Reason.UNDECIDED, -1))
        codes, details = zip(*ranked, strict=True)
        return cls(
            pack(
                (
                    periods.starts,
                    periods.ends,
                    periods.groups.begins,
                    periods.groups.members,
                    covered,
                    policies.most,
                    policies.stops,
                    policies.groups.begins,
                    policies.groups.members,
                    np.array(codes, np.uint8),
                    np.array(details, np.int16),
                )
            )
        )


def _rank_rules(ranks: Ranks, verdicts: NDArray[np.uint8], covered: NDArray[np.bool_], nothing: np.uint16) -> None:
    for rule in range(len(verdicts)):
        own = covered[rule * len(ranks) : (rule + 1) * len(ranks)]
        fails, absent = np.uint16(FIRST_RULE + 2 * rule), np.uint16(FIRST_RULE + 2 * rule + 1)
        for at in range(len(ranks)):
            verdict = verdicts[rule, at]
            against = absent if verdict == ABSENT else fails
            rank = against if own[at] & (verdict != HOLDS) else nothing
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


def _finder(block_file: int) -> Callable[..., int]:
    """The kernel, compiled anew when the number that stands for the file of blocks is another."""

    def find(
        now: int,
        objections: Block,
        excluded: NDArray[np.intp],
        refused: bool,
        verdicts: NDArray[np.uint8],
        counts: Counts,
        reason: NDArray[np.uint8],
        detail: NDArray[np.int16],
        passes: NDArray[np.bool_],
        rows: NDArray[np.intp],
    ) -> int:
        """Write the reason, the index behind it (else -1) and whether nothing is against it, for each candidate.

        Gives how many pass, after writing which into `rows`, in order. `verdicts` (rules × candidates) have no rule
        where nobody needs to ask them.
        """
        assert block_file
        starts, ends = part(objections, 0, np.int64), part(objections, 1, np.int64)
        period_begins, dated = part(objections, 2, np.int32), part(objections, 3, np.int32)
        covered = part(objections, 4, np.bool_)
        most, stops = part(objections, 5, np.int32), part(objections, 6, np.int64)
        place_begins, contacted = part(objections, 7, np.int32), part(objections, 8, np.int32)
        reasons, details = part(objections, 9, np.uint8), part(objections, 10, np.int16)
        candidates = len(passes)
        nothing = np.uint16(len(reasons) - 1)
        ranks = np.full(candidates, np.uint16(NO_CONSENT) if refused else nothing)
        _by_rules(ranks, verdicts, covered, nothing)
        _by_policies(ranks, int(nothing) - len(most), counts, most, stops, place_begins, contacted)
        # The lowest ranks come last, so they need not look at what is there.
        for at in excluded:
            ranks[at] = EXCLUDED
        for period in range(len(starts)):
            if now < starts[period] or now >= ends[period]:
                for at in dated[period_begins[period] : period_begins[period + 1]]:
                    ranks[at] = OUT_OF_PERIOD
        for at in range(candidates):
            passes[at] = ranks[at] == nothing
        number = 0
        for at in range(candidates):
            # An unsigned index spares the look whether it counts from the end.
            rank = np.uint64(ranks[at])
            reason[at], detail[at] = reasons[rank], details[rank]
            # Without a branch; what does not pass is written over by what comes next.
            rows[np.uint64(number)] = at
            number += int(passes[at])
        return number

    return cast(Callable[..., int], njit(cache=True, nogil=True)(find))


find = _finder(CHECKSUM)
