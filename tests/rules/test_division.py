"""Groups: stable, of the shares asked for, independent between layers, and the same wherever they are computed."""

from math import sqrt

import numpy as np
import pytest

from rules.division import CHAMPION, HOLDOUT, Division, Layer, point_of
from rules.experiment import Arm, Experiment, Holdout
from rules.ids import ArmId, ExperimentId, PlacementId

HOME, CALL, MAIL = PlacementId("home"), PlacementId("call"), PlacementId("mail")
PEOPLE = [f"c:{number}" for number in range(20_000)]


def experiment(*shares: float, id: str = "values", placements: tuple[PlacementId, ...] = (HOME, MAIL)) -> Experiment:
    arms = tuple(Arm(ArmId(f"a{place}"), share) for place, share in enumerate(shares))
    return Experiment(ExperimentId(id), placements, arms)


def division(holdout: Holdout | None = None, *experiments: Experiment) -> Division:
    return Division.of((HOME, CALL, MAIL), holdout, experiments)


def test_a_point_is_the_published_hash_and_never_changes() -> None:
    """Reference: `printf 'holdout\\0c:ann' | b2sum -l 64`, its first 53 bits."""
    assert point_of("holdout", "c:ann") == POINT_OF_ANN


POINT_OF_ANN = 0.020062068337511896


def test_each_group_gets_its_share_and_layers_are_independent() -> None:
    groups = division(Holdout(0.1), experiment(0.3, 0.2))
    found = [groups.group(HOME, person) for person in PEOPLE]
    shares = groups.shares(HOME)
    assert shares == pytest.approx({HOLDOUT: 0.1, "values/a0": 0.27, "values/a1": 0.18, CHAMPION: 0.45})
    for group, share in shares.items():
        assert abs(found.count(group) - share * len(PEOPLE)) < 4 * sqrt(share * (1 - share) * len(PEOPLE))


def test_a_group_is_the_same_at_all_placements_of_its_experiment_and_nowhere_else() -> None:
    groups = division(Holdout(0.1, placements=(HOME,)), experiment(0.5))
    for person in PEOPLE[:2_000]:
        home, mail = groups.group(HOME, person), groups.group(MAIL, person)
        assert home in (HOLDOUT, mail)
        assert groups.group(CALL, person) == CHAMPION


def test_two_experiments_do_not_know_of_each_other() -> None:
    groups = division(None, experiment(0.5), experiment(0.5, id="levers", placements=(CALL,)))
    first = np.array([groups.group(HOME, person) != CHAMPION for person in PEOPLE])
    second = np.array([groups.group(CALL, person) != CHAMPION for person in PEOPLE])
    assert abs(float(np.corrcoef(first, second)[0, 1])) < 4 / sqrt(len(PEOPLE))


def test_a_larger_holdout_keeps_those_who_were_in() -> None:
    small, large = division(Holdout(0.05)), division(Holdout(0.1))
    held = {person for person in PEOPLE if small.group(HOME, person) == HOLDOUT}
    assert held
    assert held < {person for person in PEOPLE if large.group(HOME, person) == HOLDOUT}


def test_another_salt_divides_anew() -> None:
    one, other = Layer.of("one", [("in", 0.5)]), Layer.of("other", [("in", 0.5)])
    same = sum(one.group(person) == other.group(person) for person in PEOPLE) / len(PEOPLE)
    assert abs(same - 0.5) < 4 * 0.5 / sqrt(len(PEOPLE))


def test_nobody_in_particular_is_in_no_group() -> None:
    assert division(Holdout(0.999), experiment(1.0)).group(HOME, None) == CHAMPION
