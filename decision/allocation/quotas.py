"""Waves and quotas: how a campaign runs in parallel without ever exceeding a limit."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from decision.allocation.left import UNLIMITED, Left
from decision.allocation.pricing import Pricing
from decision.allocation.volumes import Volumes

Units = NDArray[np.int64]

AT_ONCE = 16
"""The most chunks in a wave: enough for several processes, few enough that small rooms are not split to nothing."""
_MUCH = 2**40
"""More units than any wave can use."""


def waves(chunks: int, at_once: int = AT_ONCE) -> tuple[range, ...]:
    """Cut chunks into waves, in order: so many at once, then half of what is left, and the last one by itself.

    Towards the end prices must be found anew at ever shorter intervals, or what chance left over is lost (re-solving:
    Bumpensanti and Wang, Management Science 66(7), 2020); the very last chunk may have all that is left.
    """
    cut, done = [], 0
    while done < chunks:
        size = max(1, min(at_once, (chunks - done) // 2))
        cut.append(range(done, done + size))
        done += size
    return tuple(cut)


def quotas(left: Left, pricing: Pricing, volumes: Volumes, sizes: Units, edges: Units) -> Units:
    """The units that each chunk of a wave may use of each place, int64[chunks × places].

    `sizes` are the chunks' customers; of the sample that the prices were found on, chunk c has the rows
    `edges[c]:edges[c + 1]`. A wave may have all that is left: prices see to it that about its share is used, and what
    is not returns. What the sampled customers should take comes first, for it is known; the rest is split in proportion
    to it. Of a place that is subsidised a wave may have its share of the minimum and twice that share's chance error,
    as no more than the minimum is wanted at this price.
    """
    chunks = len(sizes)
    known = np.array([volumes.units(pricing.choices[first:last]) for first, last in pairwise(edges.tolist())])
    share = float(sizes.sum()) / max(left.customers, 1)
    fair = left.minimums * share
    wanted = np.ceil(fair + 2.0 * np.sqrt(fair) * (1.0 - share)).astype(np.int64)
    subsidised = np.minimum(left.rooms, np.maximum(wanted, known.sum(axis=0)))
    pool = np.where(pricing.by_place < 0.0, subsidised, left.rooms)
    first = np.clip(pool - (np.cumsum(known, axis=0) - known), 0, known)
    rest = np.minimum(pool - first.sum(axis=0), _MUCH)
    weights = 1 + known
    parts = rest * weights // weights.sum(axis=0)
    over = rest - parts.sum(axis=0)
    turn = (np.arange(chunks)[:, None] + np.arange(volumes.number)[None, :]) % chunks
    return np.where(pool < UNLIMITED, first + parts + (turn < over), UNLIMITED)
