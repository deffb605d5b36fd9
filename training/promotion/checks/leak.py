"""Does one feature alone foretell the outcome as only a feature can that already holds it?"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.gate import Check
from training.promotion.checks.accuracy import losses

_PLACES = np.array([0.001, 0.005, 0.01, 0.02, 0.05, *np.arange(0.1, 0.95, 0.05), 0.95, 0.98, 0.99, 0.995, 0.999])
_WORDS = 50
_PRIOR = 2.0
"""Rows of average outcome that each bin is given, so that a bin of few rows foretells little."""


def check_leak(
    matrix: NDArray[np.float64],
    target: NDArray[np.float64],
    names: Sequence[str],
    categorical: frozenset[str],
    fit: NDArray[np.intp],
    judge: NDArray[np.intp],
    most: float,
) -> Check:
    """No single feature may explain more of the outcome than this share of what one figure for all leaves open.

    `matrix` f8[n, features] and `target` f8[n] are the rows learned from; bins are fitted on the rows `fit` and judged
    on the rows `judge`. Honest features explain a few hundredths; one that was written after the outcome explains about
    as much as the share of outcomes it knows of.
    """
    found = [
        (explained(matrix[:, column], target, name in categorical, fit, judge), name)
        for column, name in enumerate(names)
    ]
    if not found:
        return Check("leak", True, "There are no features that could know the outcome.")
    share, name = max(found)
    said = (
        f"Feature {name!r} alone explains {share:.1%} of the outcome, more than any other; at most {most:.1%} may be."
    )
    return Check("leak", share <= most, said, share, most)


def check_foresight(lost: NDArray[np.float64], constant: NDArray[np.float64], most: float) -> Check:
    """The whole of a model must not foretell more either: its losses f8[n] beside those of one figure for all."""
    open = float(constant.mean())
    share = 1.0 - float(lost.mean()) / open if open > 0 else 0.0
    said = f"All features together explain {share:.1%} of the outcome; at most {most:.1%} may be."
    return Check("foresight", share <= most, said, share, most)


def explained(
    values: NDArray[np.float64],
    target: NDArray[np.float64],
    categorical: bool,
    fit: NDArray[np.intp],
    judge: NDArray[np.intp],
) -> float:
    """The share of the judged rows' loss that one feature's bins save, at least 0."""
    response = bool(np.isin(target, (0.0, 1.0)).all())
    bin = _bins(values, categorical, fit)
    mean = float(target[fit].mean())
    size = int(bin.max()) + 1
    count = np.bincount(bin[fit], minlength=size)
    rate = (np.bincount(bin[fit], target[fit], size) + _PRIOR * mean) / (count + _PRIOR)
    open = losses(np.full(len(judge), mean), target[judge], response).mean()
    left = losses(rate[bin[judge]], target[judge], response).mean()
    return max(0.0, float(1.0 - left / open)) if open > 0 else 0.0


def _bins(values: NDArray[np.float64], categorical: bool, fit: NDArray[np.intp]) -> NDArray[np.intp]:
    """A bin for every row: 0 where the value is missing, then the most frequent words, or stretches of numbers.

    The stretches are narrow at both ends, where a few rows that know the outcome would stand.
    """
    known = np.isfinite(values)
    seen = values[fit][known[fit]]
    bin = np.zeros(len(values), np.intp)
    if not len(seen):
        return bin
    if categorical:
        words, counts = np.unique(seen, return_counts=True)
        kept = np.sort(words[np.argsort(-counts, kind="stable")[:_WORDS]])
        place = np.minimum(np.searchsorted(kept, values), len(kept) - 1)
        bin[known] = np.where(kept[place] == values, place + 2, 1)[known]
        return bin
    edges = np.unique(np.quantile(seen, _PLACES))
    bin[known] = np.searchsorted(edges, values[known], side="left") + 1
    return bin
