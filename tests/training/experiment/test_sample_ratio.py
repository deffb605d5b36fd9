"""The sample-ratio check against the test's definition, and how often it alarms by chance."""

from collections import Counter

import numpy as np
import pytest
from scipy.stats import chi2

from rules.division import Layer
from training.experiment.sample_ratio import ALARM, sample_ratio

SHARES = {"holdout": 0.1, "x/a": 0.45, "champion": 0.45}


def test_it_is_pearsons_test() -> None:
    persons = {"holdout": 130, "x/a": 430, "champion": 440}
    found = sample_ratio(persons, SHARES)
    distance = 30**2 / 100 + 20**2 / 450 + 10**2 / 450
    assert found.expected == pytest.approx({"holdout": 100, "x/a": 450, "champion": 450})
    assert found.p_value == pytest.approx(chi2.sf(distance, 2))


def test_a_division_that_lost_a_part_alarms_and_a_sound_one_hardly_ever() -> None:
    drawn = np.random.default_rng(5)
    sound = [
        sample_ratio(dict(zip(SHARES, counts, strict=True)), SHARES).alarm
        for counts in drawn.multinomial(10_000, list(SHARES.values()), 500).tolist()
    ]
    assert np.mean(sound) <= 5 * ALARM
    assert sample_ratio({"holdout": 1_000, "x/a": 4_500, "champion": 4_100}, SHARES).alarm


def test_too_few_persons_are_no_alarm() -> None:
    found = sample_ratio({"holdout": 0, "x/a": 20, "champion": 20}, SHARES)
    assert (found.p_value, found.alarm) == (None, False)


def test_persons_are_divided_as_evenly_as_chance_would() -> None:
    people = [f"c:{number}" for number in range(2_000)]
    unlikely = 0
    for salt in range(100):
        layer = Layer.of(f"salt {salt}", [("a", 0.2), ("b", 0.3)])
        found = Counter(layer.group(person) or "rest" for person in people)
        p_value = sample_ratio(found, {"a": 0.2, "b": 0.3, "rest": 0.5}).p_value
        assert p_value is not None
        unlikely += p_value < 0.1
    assert 2 <= unlikely <= 20
