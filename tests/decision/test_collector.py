"""A deciding process looks for garbage seldom, but it looks."""

import gc
from collections.abc import Iterator

import pytest

from decision.collector import YOUNG, collect_seldom


@pytest.fixture
def seldom() -> Iterator[None]:
    before = gc.get_threshold()
    collect_seldom()
    gc.collect()
    yield
    gc.set_threshold(*before)


def looks() -> int:
    return sum(int(generation["collections"]) for generation in gc.get_stats())


@pytest.mark.usefixtures("seldom")
def test_decisions_under_way_are_not_walked_but_what_piles_up_is() -> None:
    begun = looks()
    held: list[list[object]] = [[] for _ in range(YOUNG // 2)]
    assert looks() == begun
    held += [[] for _ in range(YOUNG)]
    assert looks() > begun
    assert len(held) > YOUNG
