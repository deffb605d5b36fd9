"""A forest bound to the offers of a placement, ready to score requests."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.forest.forest import Floats, Forest
from models.forest.kernel import Masks, bind_offers, score
from models.forest.layout import Layout, Leaves, lay_out
from rules.expression import Binding


class BoundForest(msgspec.Struct, frozen=True, eq=False):
    """A forest whose offer-bound splits are decided: `masks` has the leaves each offer can reach."""

    layout: Layout
    leaves: Leaves
    masks: Masks

    def score(self, request: Floats, pair: Floats, rows: NDArray[np.intp]) -> Floats:
        """Raw scores of the offers in `rows`, equal to `Booster.predict(raw_score=True)` bit for bit.

        `request` has the values of the request-bound features, `pair` those of the pair features (features × offers).
        """
        splits, views = self.layout.splits, self.layout.views
        return score(
            self.leaves,
            self.masks,
            splits[Binding.REQUEST],
            views[Binding.REQUEST],
            request.reshape(-1, 1),
            splits[Binding.PAIR],
            views[Binding.PAIR],
            pair,
            rows,
        )


def bind_layout(layout: Layout, offer: Floats) -> BoundForest:
    """Decide the offer-bound splits of a forest laid out already; `offer` is (offer-bound features × offers)."""
    masks = bind_offers(layout.leaves, layout.splits[Binding.OFFER], layout.views[Binding.OFFER], offer)
    # Leaves that no offer of this placement reaches are dead for every request.
    reached = np.bitwise_or.reduce(masks, axis=2)
    return BoundForest(layout, layout.leaves._replace(alive=reached), masks)


def bind_forest(
    forest: Forest, slots: Sequence[tuple[Binding, int]], offer: Floats, codes: Mapping[int, Sequence[int]]
) -> BoundForest:
    """Lay a forest out and bind it.

    `slots` gives each of the forest's features its binding and its row in the block of that binding; `offer` is the
    block of offer-bound features; `codes` are as for `lay_out`.
    """
    return bind_layout(lay_out(forest, lambda feature: slots[feature], codes), offer)
