"""What is gathered and handed over is what counting one by one would have said."""

import asyncio
from itertools import pairwise

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY, CollectorRegistry, Histogram

from decision import figures as module
from decision.engine.request import Decision, ShownOffer
from decision.figures import Figures
from decision.metrics import SECONDS_BOUNDS, SecondsHistogram
from rules.ids import OfferId

SHOWN = tuple(ShownOffer(OfferId(f"o{rank}"), rank, None, 1.0, 1.0, 0.5, ("ranked",)) for rank in (1, 2))
DECISION = Decision(SHOWN, "champion", ("history", "profile"), {"not_eligible": 7, "outranked": 3})


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def taken(figures: Figures, placement: str) -> list[float]:
    """The growth of everything that a decision counts, over one hand-over."""

    def all_of_it() -> list[float]:
        return [
            value("concierge_decisions_total", placement=placement, group="champion"),
            value("concierge_decision_seconds_count", placement=placement),
            value("concierge_decision_seconds_sum", placement=placement),
            value("concierge_reasons_total", placement=placement, reason="ranked"),
            value("concierge_reasons_total", placement=placement, reason="not_eligible"),
            value("concierge_degraded_total", cause="history"),
            value("concierge_answers_total", status="418"),
        ]

    before = all_of_it()
    figures.hand_over()
    return [after - was for was, after in zip(before, all_of_it(), strict=True)]


def test_everything_is_handed_over_once() -> None:
    figures = Figures()
    for seconds in (0.25, 0.5):
        figures.decided("tallied", DECISION, seconds)
    figures.answered(418)
    assert taken(figures, "tallied") == [2, 2, 0.75, 4, 14, 2, 1]
    assert taken(figures, "tallied") == [0] * 7
    figures.decided("tallied", DECISION, 0.5)
    assert taken(figures, "tallied") == [1, 1, 0.5, 2, 7, 1, 0]


@given(st.lists(st.floats(0, 10) | st.sampled_from(SECONDS_BOUNDS), max_size=20))
def test_many_observations_at_once_fall_into_the_same_buckets(observed: list[float]) -> None:
    def rendered(histogram: Histogram) -> list[tuple[str, float]]:
        (metric,) = histogram.collect()
        return [(sample.labels.get("le", sample.name), sample.value) for sample in metric.samples][:-2]

    one_by_one = Histogram("seconds", "-", buckets=SECONDS_BOUNDS, registry=CollectorRegistry())
    at_once = SecondsHistogram("seconds", "-", buckets=SECONDS_BOUNDS, registry=CollectorRegistry())
    figures = Figures()
    for seconds in observed:
        one_by_one.observe(seconds)
        figures.decided("p", DECISION, seconds)
    tally = figures._placements["p"]
    at_once.add(tally.buckets, tally.seconds)
    assert rendered(at_once) == rendered(one_by_one)
    assert all(low < high for low, high in pairwise(SECONDS_BOUNDS))


async def test_figures_are_handed_over_now_and_then_and_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HAND_OVER_SECONDS", 0.01)
    figures = Figures()
    before = value("concierge_answers_total", status="499")
    async with figures.handing_over():
        figures.answered(499)
        async with asyncio.timeout(5):
            while value("concierge_answers_total", status="499") != before + 1:
                await asyncio.sleep(0.005)
        monkeypatch.setattr(module, "HAND_OVER_SECONDS", 60)
        await asyncio.sleep(0.03)
        figures.answered(499)
        assert value("concierge_answers_total", status="499") == before + 1
    assert value("concierge_answers_total", status="499") == before + 2


async def test_a_hand_over_that_fails_costs_its_own_figures_and_no_later_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    full = OSError("No space left on device")

    def refused(_: str) -> None:
        raise full

    monkeypatch.setattr(module, "HAND_OVER_SECONDS", 0.01)
    figures = Figures()
    before = value("concierge_answers_total", status="498")
    with structlog.testing.capture_logs() as logged:
        async with figures.handing_over():
            figures.decided("refused", DECISION, 0.5)
            monkeypatch.setattr(module, "decision_seconds", refused)
            async with asyncio.timeout(5):
                while not logged:
                    await asyncio.sleep(0.005)
            figures.answered(498)
            async with asyncio.timeout(5):
                while value("concierge_answers_total", status="498") != before + 1:
                    await asyncio.sleep(0.005)
            figures.decided("refused", DECISION, 0.5)
    assert [each["exc_info"] for each in logged] == [full, full]
    assert value("concierge_decisions_total", placement="refused", group="champion") == 2
