"""A forest bound to the offers of a placement, ready to score requests."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.forest.block import Bytes, Tags, pack_forest
from models.forest.forest import Floats, Forest
from models.forest.instructions import VECTOR
from models.forest.kernel import look_up, score
from models.forest.layout import Layout, lay_out
from models.forest.plan import plan_of
from models.forest.pruning import prune
from rules.expression import Binding

_BLOCK = 1024
"""Offers, at most, whose bytes and tags are worked on at a time, so that they stay in the first two caches."""


class BoundForest(msgspec.Struct, frozen=True, eq=False):
    """A forest against some offers: its trees without the splits that those decide, and the offers' bytes, in a block.

    Offer o is in block o // width of their bytes at o % width. `tag` is an empty array of the type of the plan's tags,
    and `open` counts the splits that the offers alone do not decide, nor a request.
    """

    block: Bytes
    tag: Tags
    open: int

    def score(self, request: Floats, pair: Floats, rows: NDArray[np.intp]) -> Floats:
        """Raw scores of the offers in `rows`, equal to `Booster.predict(raw_score=True)` bit for bit.

        `request` has the values of the request-bound features, `pair` those of the pair features (features × offers).
        """
        # Made here, for a compiled function takes longer to hand out an array of its own.
        scores = np.empty(len(rows))
        score(self.block, self.tag, request, pair, rows, scores)
        return scores


def bind_layout(layout: Layout, offer: Floats) -> BoundForest:
    """Bind a forest laid out already; `offer` is (offer-bound features × offers)."""
    count = offer.shape[1]
    blocks = max(-(-count // _BLOCK), 1)
    width = max(-(-count // (blocks * VECTOR)), 1) * VECTOR
    views = layout.views[Binding.OFFER]
    found = np.zeros((len(views.first_byte), blocks * width), np.uint8)
    look_up(offer, np.arange(count), views, found)
    nodes, roots = layout.nodes.copy(), layout.roots.copy()
    prune(nodes, roots, found, count)
    offers = np.ascontiguousarray(found.reshape(len(found), blocks, width).swapaxes(0, 1))
    plan = plan_of(nodes, roots, layout.leaves)
    block = pack_forest(plan, layout.views[Binding.REQUEST], layout.views[Binding.PAIR], offers)
    return BoundForest(block, np.empty(0, plan.sides.dtype), len(plan.splits))


def bind_forest(
    forest: Forest, slots: Sequence[tuple[Binding, int]], offer: Floats, codes: Mapping[int, Sequence[int]]
) -> BoundForest:
    """Lay a forest out and bind it.

    `slots` gives each of the forest's features its binding and its row in the block of that binding; `offer` is the
    block of offer-bound features; `codes` are as for `lay_out`.
    """
    return bind_layout(lay_out(forest, lambda feature: slots[feature], codes), offer)
