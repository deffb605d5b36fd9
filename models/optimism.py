"""Optimism: how much more an offer is worth trying, the less is known about it.

With n outcomes behind it, and the prior's weight, an offer's mean may be off by so many times itself: the outcomes'
variation over the square root of their number. Raising scores by some of that is an upper confidence bound (Auer,
Cesa-Bianchi, Fischer, "Finite-time analysis of the multiarmed bandit problem", Machine Learning 47, 2002), relative,
so that offers stay in the unit of their score. It depends on the offer alone: no chance comes into it, and the
probability of being shown stays a closed form.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.artefact import Artefact
from models.rates import STRENGTH
from rules.ids import OfferId


def optimism_of(artefact: Artefact, offers: Sequence[OfferId], strength: float) -> NDArray[np.float64] | None:
    """A factor of at least one for each offer, falling with its evidence; None where it would say nothing."""
    if not strength * artefact.variation > 0.0:
        return None
    evidence = np.array([artefact.evidence_by_offer.get(offer, 0) for offer in offers], np.float64)
    factors: NDArray[np.float64] = 1.0 + strength * artefact.variation / np.sqrt(evidence + STRENGTH)
    return factors
