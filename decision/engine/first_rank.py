"""The chance of every candidate to be shown first: what off-policy evaluation asks of a policy."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from decision.engine.request import DecisionRequest
from decision.engine.slate import first_rank
from decision.engine.snapshot import Snapshot
from decision.engine.weighing import weigh
from decision.subject.profile import Profile
from rules.contact import ContactHistory
from rules.ids import Instant, OfferId


class FirstRank(msgspec.Struct, frozen=True, eq=False):
    """The placement's candidates and each one's exact probability of rank 1.

    The probabilities sum to one, or to zero when no candidate is open. `predictions` are the model's figures, NaN where
    it gave none.
    """

    offers: tuple[OfferId, ...]
    probabilities: NDArray[np.float64]
    predictions: NDArray[np.float64]

    def of(self, offer: OfferId) -> float:
        """The probability that an offer stands first; zero for one that is no candidate."""
        return float(self.probabilities[self.offers.index(offer)]) if offer in self.offers else 0.0


def first_rank_of(
    request: DecisionRequest,
    profile: Profile | None,
    history: ContactHistory | None,
    snapshot: Snapshot,
    now: Instant,
    without: frozenset[str] = frozenset(),
) -> FirstRank:
    """The distribution that `decide` draws its first offer from, over all seeds."""
    weighing = weigh(request, profile, history, snapshot, now, without)
    bound = weighing.placement.bound
    chances = first_rank(weighing.scores, weighing.open, bound.spec.exploration, bound.mandatory)
    return FirstRank(bound.offers.ids, chances, weighing.prediction)
