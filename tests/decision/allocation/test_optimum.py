"""The whole procedure of a campaign against the exact optimum, over random audiences; `make allocation` prints it."""

import numpy as np

from decision.allocation import prices_for, run_course, run_greedily
from tests.decision.allocation.instances import audience, optimum

WORST = 0.005
"""The part of the optimum that may be lost."""
CHUNK, AT_ONCE = 125, 4


def test_campaign_comes_within_half_a_percent_of_the_optimum() -> None:
    print("\naudience  slots     optimum    bound over   campaign under   greedy under   minimums missed by greedy")
    lost = []
    for seed in range(20):
        rows, volumes, left, slots = audience(seed)
        best = optimum(rows, volumes, left, slots)
        assert best is not None
        priced = prices_for(rows, volumes, left, slots)
        campaign = run_course(rows, volumes, left, slots, CHUNK, AT_ONCE)
        greedy = run_greedily(rows, volumes, left, slots)
        assert (campaign.left.rooms >= 0).all()
        assert not campaign.left.minimums.any()
        assert not priced.shortfalls
        # The bound holds, and is near enough to tell the gap by.
        assert best * (1.0 - 1e-5) <= priced.bound <= best * 1.001
        assert np.isclose(campaign.value, rows.worth(campaign.choices))
        lost.append(1.0 - campaign.value / best)
        print(
            f"{seed:8d}  {slots:5d}  {best:10.1f}  {priced.bound / best - 1.0:11.4%}  {lost[-1]:15.4%}"
            f"  {1.0 - greedy.value / best:13.2%}   {greedy.left.minimums.sum()}"
        )
    print(f"most lost: {max(lost):.4%}")
    assert max(lost) <= WORST
