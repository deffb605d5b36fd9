"""What a policy has to beat: the best constant slate, under the world's own truth."""

import numpy as np
from numpy.typing import NDArray

from loadtest.hotel.ledger import Standing
from loadtest.hotel.response import LOOKED_AT, Truth
from loadtest.hotel.visits import Visits


def best_constant(truth: Truth, visits: Visits, chosen: NDArray[np.intp], slots: int) -> tuple[list[int], Standing]:
    """The slate that earns most when everyone in `chosen` (visits of one channel) sees it: its rows, and how it does.

    It knows the truth, is picked on the very visits it is judged on, is spared from fatigue, and an offer someone may
    not have is simply left out for them: no constant policy in the field does as well. Built greedily, rank by rank.
    """
    every = np.arange(len(truth.offers))
    looked = LOOKED_AT[int(visits.channel[chosen[0]])]
    weight = np.stack([
        np.where(truth.eligible(visits, visit), np.exp(truth.log_odds(visits, visit, every)), 0.0) for visit in chosen
    ])  # fmt: skip
    slate: list[int] = []
    taken = np.zeros(len(chosen))
    worth = np.zeros(len(chosen))
    for rank in range(slots):
        seen = weight * looked[rank]
        value = ((worth[:, None] + seen * truth.offers.margin) / (1.0 + taken[:, None] + seen)).mean(axis=0)
        value[slate] = -np.inf
        best = int(np.argmax(value))
        slate.append(best)
        taken += seen[:, best]
        worth += seen[:, best] * truth.offers.margin[best]
    earned = worth / (1.0 + taken)
    return slate, Standing(
        decisions=len(chosen),
        median_ms=np.nan,
        p99_ms=np.nan,
        accepted=np.nan,
        chance=float((taken / (1.0 + taken)).mean()),
        value=float(earned.mean()),
        error=float(earned.std() / np.sqrt(len(chosen))),
    )
