"""What a placement's own decisions are worth, against a world whose truth is known."""

import numpy as np
import pytest

from rules.ids import Instant, OfferId, PlacementId
from training.evaluation.actions import unpredicted
from training.evaluation.policies import Action
from training.evaluation.reach import SILENCE, Deeds, Reach
from training.material.occasion import Occasion, occasion

FREE, CAPPED = PlacementId("free"), PlacementId("capped")
GOOD, POOR = OfferId("good"), OfferId("poor")
WORTH: dict[OfferId | None, float] = {GOOD: 5.0, POOR: 1.0, None: 0.0}
"""What an offer adds to the 10 that every customer spends anyway."""
CUSTOMERS = 4_000
MOMENTS = (Instant(0), Instant(86_400_000))


def occasions() -> list[Occasion]:
    return [occasion(f"customer-{number}", None, "", at) for number in range(CUSTOMERS) for at in MOMENTS]


def judged(silent: float, seed: int = 1) -> tuple[Reach, ...]:
    """A day of two moments, logged at random with a chance of silence; the cap lets each customer have the first."""
    random = np.random.default_rng(seed)
    actions: list[OfferId | None] = [GOOD, POOR, None]
    chances = [(1 - silent) / 2, (1 - silent) / 2, silent]
    free: dict[Occasion, OfferId | None] = dict.fromkeys(occasions(), GOOD)
    deeds = Deeds({FREE: free, CAPPED: {on: GOOD if on[1] == MOMENTS[0] else None for on in free}})
    earned, probability, cluster = [], [], []
    for number, on in enumerate(occasions()):
        drawn = int(random.choice(3, p=chances))
        assert deeds.missing(on) is None
        deeds.add(on, Action(actions[drawn], chances[drawn], 0.0))
        earned.append(10.0 + WORTH[actions[drawn]] + random.normal())
        probability.append(chances[drawn])
        cluster.append(number // len(MOMENTS))
    return deeds.reaches(unpredicted(np.array(earned), np.array(probability), np.array(cluster)))


def test_a_cap_costs_what_its_missing_contacts_would_have_brought() -> None:
    free, capped, silence = judged(silent=0.25)
    assert [free.policy, capped.policy, silence.policy] == [FREE, CAPPED, SILENCE]
    assert (free.contacts, capped.contacts, silence.contacts) == (1.0, 0.5, 0.0)
    assert abs(free.value.value - 15.0) < 4 * free.value.standard_error
    assert abs(silence.value.value - 10.0) < 4 * silence.value.standard_error
    assert abs(capped.gain + 2.5) < 4 * capped.gain_error < 0.5
    for found in (free, capped):
        assert abs(found.contact_worth - 5.0) < 4 * found.contact_worth_error < 0.5
    assert free.gain == 0.0
    assert np.isnan(silence.contact_worth)


def test_where_the_log_was_never_silent_nothing_is_said_of_silence() -> None:
    free, _, _ = judged(silent=0.0)
    assert abs(free.value.value - 15.0) < 4 * free.value.standard_error
    assert np.isnan(free.contact_worth)


def test_an_occasion_is_of_one_subject_at_one_moment() -> None:
    known: dict[PlacementId, dict[Occasion, OfferId | None]] = {FREE: {occasion("one", "cookie", "id", 1): GOOD}}
    deeds = Deeds(known)
    assert deeds.missing(occasion("one", None, "other", 1)) is None
    for on in (occasion("one", None, "id", 2), occasion(None, "one", "id", 1), occasion(None, None, "id", 1)):
        assert deeds.missing(on) == "not decided for free"


def test_without_placements_nothing_is_said() -> None:
    assert Deeds({}).reaches(unpredicted(np.ones(1), np.ones(1), np.zeros(1, np.int64))) == ()


@pytest.mark.parametrize("seed", range(5))
def test_an_interval_holds_the_truth(seed: int) -> None:
    capped = judged(silent=0.25, seed=100 + seed)[1]
    assert abs(capped.gain + 2.5) < 3.5 * capped.gain_error
