import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rules.column import make_column
from rules.first_reason import ABSENT, FAILS, HOLDS, Objections, find
from rules.grouping import Grouping
from rules.ids import OfferId
from rules.offer import OfferTable
from rules.period import Periods
from rules.reason import Reason

NOW = 5
BOUNDS = st.one_of(st.none(), st.integers(NOW - 1, NOW + 1))


@given(st.data())
def test_every_candidate_gets_the_first_reason_in_the_documented_order(data: st.DataObject) -> None:
    number = data.draw(st.integers(0, 12), "candidates")

    def column(values: st.SearchStrategy[int | None]) -> list[int | None]:
        return data.draw(st.lists(values, min_size=number, max_size=number))

    def row(values: st.SearchStrategy[int]) -> list[int]:
        return data.draw(st.lists(values, min_size=number, max_size=number))

    starts, ends = column(BOUNDS), column(BOUNDS)
    excluded = sorted(data.draw(st.sets(st.integers(0, number - 1)))) if number else []
    refused = data.draw(st.booleans(), "refused")
    kinds = data.draw(st.lists(st.sampled_from([Reason.NOT_ELIGIBLE, Reason.NOT_SUITABLE]), max_size=4), "rules")
    covered = [row(st.integers(0, 1)) for _ in kinds]
    verdicts = [row(st.sampled_from([FAILS, ABSENT, HOLDS])) for _ in kinds]
    sizes = data.draw(st.lists(st.integers(0, 3), max_size=3), "values of each policy entry")
    codes = [row(st.integers(-1, size - 1)) for size in sizes]
    counts = [data.draw(st.lists(st.integers(0, 3), min_size=size, max_size=size)) for size in sizes]
    most = [data.draw(st.integers(1, 3)) for _ in sizes]

    def expected(candidate: int) -> tuple[Reason, int]:
        start, end = starts[candidate], ends[candidate]
        if (start is not None and start > NOW) or (end is not None and end <= NOW):
            return Reason.OUT_OF_PERIOD, -1
        if candidate in excluded:
            return Reason.EXCLUDED_BY_REQUEST, -1
        if refused:
            return Reason.NO_CONSENT, -1
        for rule, kind in enumerate(kinds):
            if covered[rule][candidate] and verdicts[rule][candidate] != HOLDS:
                return (Reason.ATTRIBUTE_ABSENT if verdicts[rule][candidate] == ABSENT else kind), rule
        for policy, code in enumerate(each[candidate] for each in codes):
            if code >= 0 and counts[policy][code] >= most[policy]:
                return Reason.CONTACT_POLICY, policy
        return Reason.UNDECIDED, -1

    columns = {"starts": make_column("timestamp", starts), "ends": make_column("timestamp", ends)}
    periods = Periods.of(OfferTable((OfferId(""),) * number, columns, ({},) * number))
    objections = Objections.of(kinds, len(sizes))
    groups = Grouping.of([np.array(each, np.int32) for each in codes], sizes)
    # Behind the places of the entries lie those of the counters, full or not.
    told = np.array([*(count for each in counts for count in each), 9, 9], np.int32)
    reason, detail, passes = find(
        NOW,
        periods.starts,
        periods.ends,
        periods.groups.begins,
        periods.groups.members,
        np.array(excluded, np.intp),
        refused,
        np.array(verdicts, np.uint8).reshape(len(kinds), number),
        np.array(covered, np.bool_).reshape(len(kinds), number),
        told,
        np.array(most, np.int32),
        np.cumsum(np.array(sizes, np.int64)),
        groups.begins,
        groups.members,
        objections.reasons,
        objections.details,
    )
    found = [(Reason(int(code)), int(index)) for code, index in zip(reason, detail, strict=True)]
    assert found == [expected(candidate) for candidate in range(number)]
    assert passes.tolist() == [why is Reason.UNDECIDED for why, _ in found]
