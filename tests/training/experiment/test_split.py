"""What is compared: shares as declared, with the holdout where it covers all, and arms that leave no champion."""

import pytest

from rules.division import CHAMPION, HOLDOUT
from tests.training.experiment.divided_shop import DIVIDED, divided_shop
from training.experiment.persons import Groups
from training.experiment.split import SHOWN, split_of


def test_the_holdout_is_a_group_where_it_covers_all_placements_of_an_experiment() -> None:
    split = split_of(divided_shop(), "levers")
    assert split is not None
    assert split.shares == pytest.approx({HOLDOUT: 0.2, "levers/none": 0.4, CHAMPION: 0.4})
    assert split.beside == CHAMPION
    assert split.groups == Groups((HOLDOUT, "levers/none", CHAMPION), None)


@pytest.mark.parametrize("covered", ["home", "call"])
def test_else_it_is_left_out(covered: str) -> None:
    narrow = divided_shop(DIVIDED.replace("share = 0.2", f'share = 0.2\nplacements = ["{covered}"]'))
    split = split_of(narrow, "levers")
    assert split is not None
    assert split.shares == pytest.approx({"levers/none": 0.5, CHAMPION: 0.5})
    assert HOLDOUT not in split.groups.named
    assert split.holdout is None


def test_arms_that_take_all_are_compared_with_the_first() -> None:
    arms = 'arms = [{ id = "a", share = 0.1 }, { id = "b", share = 0.2 }, { id = "c", share = 0.7 }]'
    split = split_of(divided_shop(DIVIDED[: DIVIDED.index("arms = ")] + arms), "levers")
    assert split is not None
    assert split.beside == "levers/a"
    assert split.shares == pytest.approx({HOLDOUT: 0.2, "levers/a": 0.08, "levers/b": 0.16, "levers/c": 0.56})


def test_the_holdout_stands_beside_everybody_else() -> None:
    split = split_of(divided_shop(), HOLDOUT)
    assert split is not None
    assert split.shares == pytest.approx({HOLDOUT: 0.2, SHOWN: 0.8})
    assert (split.placements, split.beside) == (("home", "call", "mail"), HOLDOUT)
    assert split.groups == Groups((HOLDOUT,), SHOWN)
    assert split_of(divided_shop(""), HOLDOUT) is None
