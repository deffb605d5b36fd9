"""Each bound warns beyond itself and not before, and says what to do."""

import msgspec
import pytest

from decision.care.ledger import DAY, Served
from decision.care.report import Calibrated, Evidence, GoalCare
from decision.care.warning import warnings_of, warnings_of_serving
from models.reference import Shift, Stability
from rules.care import Care
from rules.ids import Instant, ModelVersion

NOW = Instant(1_790_000_000_000)
SOUND = GoalCare(version=ModelVersion("m" * 16), created=NOW, trained=True)


@pytest.mark.parametrize(
    ("within", "beyond", "says"),
    [
        ({"drift": {"age": Stability(0.2, 0.01)}}, {"drift": {"age": Stability(0.21, 0.01)}}, "feature age has"),
        # An index that chance explains is none.
        ({"drift": {"age": Stability(0.5, 0.6)}}, {"drift": {"age": Stability(0.7, 0.6)}}, "feature age has"),
        ({"prediction": Stability(0.2, 0.0)}, {"prediction": Stability(0.3, 0.0)}, "predictions have drifted"),
        ({"calibrated": Calibrated(1.25, 9.0, ())}, {"calibrated": Calibrated(1.26, 9.0, ())}, "1.26 times"),
        ({"calibrated": Calibrated(0.5, -3.0, ())}, {"calibrated": Calibrated(0.5, -3.1, ())}, "0.50 times"),
        ({"created": Instant(NOW - 30 * DAY)}, {"created": Instant(NOW - 30 * DAY - 1)}, "30 days ago"),
        ({"evidence": Evidence(10, 5, (), ())}, {"evidence": Evidence(10, 6, (), ())}, "6 of 10 offers"),
    ],
)
def test_a_bound_warns_beyond_itself(within: dict[str, object], beyond: dict[str, object], says: str) -> None:
    assert warnings_of(msgspec.structs.replace(SOUND, **within), Care(), NOW) == ()
    (sentence,) = warnings_of(msgspec.structs.replace(SOUND, **beyond), Care(), NOW)
    assert says in sentence
    assert "train again" in sentence


def test_counted_rates_do_not_age_for_they_are_counted_anew() -> None:
    old = msgspec.structs.replace(SOUND, trained=False, created=Instant(0))
    assert warnings_of(old, Care(), NOW) == ()


def test_the_largest_shift_comes_first() -> None:
    shifted = msgspec.structs.replace(SOUND, drift={"a": Stability(0.3, 0.0), "b": Stability(0.9, 0.0)})
    assert [sentence.split()[1] for sentence in warnings_of(shifted, Care(), NOW)] == ["b", "a"]
    assert warnings_of(shifted, Care(drift=1.0), NOW) == ()


def test_a_shift_is_told_with_where_it_comes_from() -> None:
    found = Stability(0.3, 0.0, Shift("missing", 0.01, 0.4))
    (sentence,) = warnings_of(msgspec.structs.replace(SOUND, drift={"age": found}), Care(), NOW)
    assert "warned above 0.2; most of it: missing: once 1 %, now 40 %)" in sentence


def test_decisions_without_a_part_are_told_by_part() -> None:
    served = Served(200, 10, {"model": 11, "profile": 10})
    (sentence,) = warnings_of_serving(served, Care())
    assert sentence == (
        "5.5 % of the last day's 200 decisions went without 'model' (warned above 5 % of a day's decisions): "
        "look at the log and at the store"
    )
    assert "fallback" in warnings_of_serving(msgspec.structs.replace(served, fallbacks=11), Care())[0]
    assert warnings_of_serving(Served(0, 0, {}), Care()) == ()
