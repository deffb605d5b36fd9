import inspect
from collections import Counter
from pathlib import Path
from typing import Any, cast
from zlib import crc32

import numpy as np
import pytest

from decision.engine.engine import draw
from decision.engine.request import DecisionRequest
from decision.engine.verdict import _tell, judged, sum_verdicts, verdicts
from decision.engine.weighing import weigh
from decision.subject.profile import EMPTY_PROFILE
from models import feature_rows
from rules.contact import NO_CONTACTS
from rules.ids import PlacementId
from rules.reason import Reason
from tests.decision.small_workspace import NOW, small_snapshot


@pytest.mark.parametrize("placement", sorted(small_snapshot().placements))
@pytest.mark.parametrize("slots", [1, 2, 15])
def test_the_counts_are_those_of_the_verdicts_and_of_what_was_left_out_at_publish(
    placement: PlacementId, slots: int
) -> None:
    request = DecisionRequest(placement, slots=slots)
    weighing = weigh(request, EMPTY_PROFILE, NO_CONTACTS, small_snapshot(), NOW)
    slate = draw(weighing, request, 5)
    reasons = [Reason(code) for code in verdicts(weighing, slate).tolist()]
    shown = {place.candidate: place.reason for place in slate.places}
    for row, reason in enumerate(reasons):
        if row in shown:
            assert reason is shown[row]
        elif not weighing.open[row]:
            assert reason == weighing.screening.reason[row]
        elif slate.held_by[row] >= 0:
            assert reason is weighing.limits.each[slate.held_by[row]].reason
        else:
            assert reason is Reason.OUTRANKED
    left_out = weighing.placement.bound.left_out.values()
    expected = Counter(reason.slug for reason in [*reasons, *left_out] if reason < Reason.RANKED)
    _, counts, figures = judged(weighing, slate)
    assert counts == dict(expected)
    assert list(counts) == sorted(expected)
    own = np.stack([each[slate.drawn] for each in (weighing.prediction, weighing.parts.value, weighing.scores)], axis=1)
    np.testing.assert_array_equal(figures, np.hstack([own, weighing.features.matrix(slate.drawn)]))


def test_another_way_to_gather_is_another_kernel_to_the_cache_on_disk() -> None:
    text = Path(feature_rows.__file__).read_bytes()
    assert inspect.getclosurevars(cast(Any, _tell).py_func).nonlocals == {"gathering": crc32(text)}


def test_verdicts_add_up_by_reason_and_candidate() -> None:
    each = [np.array(codes, np.uint8) for codes in ([5, 14, 101], [5, 6, 102], [11, 14, 6])]
    sums = sum_verdicts(each, 3)
    assert {(Reason(reason), at): sums[reason, at] for reason, at in np.argwhere(sums).tolist()} == {
        (Reason.NO_CONSENT, 0): 2,
        (Reason.OUTRANKED, 0): 1,
        (Reason.NOT_ELIGIBLE, 1): 1,
        (Reason.OUTPRICED, 1): 2,
        (Reason.NOT_ELIGIBLE, 2): 1,
    }
