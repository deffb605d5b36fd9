import inspect
from pathlib import Path
from typing import Any, cast
from zlib import crc32

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rules import array_block
from rules.column import make_column
from rules.contact_policy import PolicyBook
from rules.first_reason import ABSENT, FAILS, HOLDS, Objections, find
from rules.grouping import Grouping
from rules.ids import OfferId
from rules.offer import OfferTable
from rules.period import Periods
from rules.reason import Reason

NOW = 5


@given(st.integers(0, 2**32), st.integers(0, 40), st.integers(0, 4), st.lists(st.integers(0, 3), max_size=3))
def test_every_candidate_gets_the_first_reason_in_the_documented_order(
    seed: int, number: int, rules: int, sizes: list[int]
) -> None:
    random = np.random.default_rng(seed)

    def bounds() -> list[int | None]:
        return [None if dated > 0.3 else int(random.integers(NOW - 1, NOW + 2)) for dated in random.random(number)]

    starts, ends = bounds(), bounds()
    excluded = np.flatnonzero(random.random(number) < 0.2)
    refused = bool(random.random() < 0.2)
    against = [Reason.NOT_WANTED, Reason.NOT_ELIGIBLE, Reason.NOT_SUITABLE]
    kinds = [Reason(kind) for kind in random.choice(against, rules).tolist()]
    covered = random.random((rules, number)) < 0.5
    verdicts = random.choice([FAILS, ABSENT, HOLDS, HOLDS, HOLDS], (rules, number)).astype(np.uint8)
    codes = [random.integers(-1, size, number) for size in sizes]
    counts = [random.integers(0, 4, size) for size in sizes]
    most = random.integers(1, 4, len(sizes)).astype(np.int32)

    def expected(candidate: int) -> tuple[Reason, int]:
        start, end = starts[candidate], ends[candidate]
        if (start is not None and start > NOW) or (end is not None and end <= NOW):
            return Reason.OUT_OF_PERIOD, -1
        if candidate in excluded:
            return Reason.EXCLUDED_BY_REQUEST, -1
        if refused:
            return Reason.NO_CONSENT, -1
        for rule, kind in enumerate(kinds):
            if covered[rule, candidate] and verdicts[rule, candidate] != HOLDS:
                return (Reason.ATTRIBUTE_ABSENT if verdicts[rule, candidate] == ABSENT else kind), rule
        for policy, code in enumerate(each[candidate] for each in codes):
            if code >= 0 and counts[policy][code] >= most[policy]:
                return Reason.CONTACT_POLICY, policy
        return Reason.UNDECIDED, -1

    columns = {"starts": make_column("timestamp", starts), "ends": make_column("timestamp", ends)}
    periods = Periods.of(OfferTable((OfferId(""),) * number, columns, ({},) * number))
    stops, groups = np.cumsum(np.array(sizes, np.int64)), Grouping.of(codes, sizes)
    objections = Objections.of(periods, kinds, covered, PolicyBook((), stops, most, groups, most))
    # Behind the places of the entries lie those of the counters, full or not.
    told = np.concatenate([*counts, [9, 9]]).astype(np.int32)
    reason, detail, passes = np.empty(number, np.uint8), np.empty(number, np.int16), np.empty(number, np.bool_)
    rows = np.empty(number, np.intp)
    passing = find(NOW, objections.block, excluded, refused, verdicts, told, reason, detail, passes, rows)
    found = [(Reason(int(code)), int(index)) for code, index in zip(reason, detail, strict=True)]
    assert found == [expected(candidate) for candidate in range(number)]
    assert passes.tolist() == [why is Reason.UNDECIDED for why, _ in found]
    assert rows[:passing].tolist() == np.flatnonzero(passes).tolist()


def test_another_kind_of_block_is_another_kernel_to_the_cache_on_disk() -> None:
    text = Path(array_block.__file__).read_bytes()
    assert inspect.getclosurevars(cast(Any, find).py_func).nonlocals == {"block_file": crc32(text)}
