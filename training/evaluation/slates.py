"""What a policy would have earned with whole slates, by the assumption made on how their ranks work together.

Sources: rank by rank, Li et al. (KDD 2018); cascade, McInerney et al. (KDD 2020). Fewer assumptions mean larger
weights.
"""

import msgspec
import numpy as np

from training.evaluation.actions import Floats
from training.evaluation.estimators import Ratio


class SlateActions(msgspec.Struct, frozen=True, eq=False):
    """Logged slates as columns by rank: what each rank earned, and two probabilities of the offer that stood there.

    All f8[n, ranks]: `value`, 0 beyond the last offer; `probability` under the logged policy and `chance` under the
    estimated one, given the offers above; both 1 beyond the last offer. A slate that showed nothing has that as its
    first rank. `begun` f8[n] is how much likelier the estimated policy shows anything at all.
    """

    value: Floats
    probability: Floats
    chance: Floats
    begun: Floats

    @property
    def weights(self) -> Floats:
        """How much likelier the estimated policy shows the offer at each rank, under the offers above it."""
        if self.probability.size and not self.probability.min() > 0:
            raise ValueError("A logged probability is not positive; leave out slates whose probability is unknown.")
        return np.asarray(self.chance / self.probability)


def whole_slates(slates: SlateActions) -> Ratio:
    """Any rank may depend on all others: each slate weighs by the ratio of its whole probability."""
    return _sums(slates.weights.prod(axis=1, keepdims=True) * slates.value)


def cascade(slates: SlateActions) -> Ratio:
    """A rank depends on those above it: each weighs by the ratio down to it."""
    return _sums(np.cumprod(slates.weights, axis=1) * slates.value)


def rank_by_rank(slates: SlateActions) -> Ratio:
    """A rank depends on its own offer alone: each weighs by its own ratio, under the logged offers above it.

    Lower ranks only are where a slate has begun: they weigh by how likely that is, too.
    """
    weights = slates.weights
    weights[:, 1:] *= slates.begun[:, None]
    return _sums(weights * slates.value)


def _sums(parts: Floats) -> Ratio:
    return Ratio(parts.sum(axis=1), np.ones(len(parts)))
