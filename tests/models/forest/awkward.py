"""Awkward data, and forests trained on it, for holding the kernel against LightGBM."""

from typing import Literal

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Kind = Literal["plain", "holes", "zeros", "infinite", "tiny", "constant", "empty", "whole", "category"]
KINDS: tuple[Kind, ...] = ("plain", "holes", "zeros", "infinite", "tiny", "constant", "empty", "whole", "category")

_SPECIAL = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-36, -1e-36, 5e-324, float(np.float32(1e-35)), 1e300])
_CATEGORIES = np.array([np.nan, -1.0, -0.5, 0.0, 0.9, 3.7, 31.0, 32.0, 63.5, 500.0, 2147483647.0, 2147483648.0, 1e18])


def column(kind: Kind, rows: int, random: np.random.Generator) -> Floats:
    """One feature over rows, as training sees it."""
    values: Floats = random.normal(size=rows)
    match kind:
        case "holes":
            values[random.random(rows) < 0.3] = np.nan
        case "zeros":
            values[random.random(rows) < 0.4] = 0.0
            values[random.random(rows) < 0.1] = -0.0
            values[random.random(rows) < 0.1] = np.nan
        case "infinite":
            values[random.random(rows) < 0.1] = np.inf
            values[random.random(rows) < 0.1] = -np.inf
        case "tiny":
            values *= 1e-35
        case "constant":
            values[:] = 7.0
        case "empty":
            values[:] = np.nan
        case "whole":
            values = np.round(values * 3)
        case "category":
            values[:] = random.geometric(0.05, rows) - 1.0
            values[random.random(rows) < 0.1] = np.nan
            values[random.random(rows) < 0.05] = -3.0
        case "plain":
            pass
    return values


def asked(kind: Kind, rows: int, random: np.random.Generator) -> Floats:
    """The same feature as serving may see it: with what training never saw."""
    values = column(kind, rows, random)
    odd = random.random(rows) < 0.3
    special = _CATEGORIES if kind == "category" else _SPECIAL
    values[odd] = random.choice(special, int(odd.sum()))
    return values


def train(kinds: tuple[Kind, ...], seed: int, rows: int, trees: int, **parameters: object) -> lgb.Booster:
    """A forest over features of these kinds, whose target depends on all of them."""
    random = np.random.default_rng(seed)
    features = np.column_stack([column(kind, rows, random) for kind in kinds])
    clean = np.clip(np.nan_to_num(features, posinf=3.0, neginf=-3.0), -60, 60)
    signal = np.sin(clean * 3) @ random.normal(size=len(kinds)) + np.isnan(features).sum(axis=1)
    target = signal + random.normal(size=rows) * 0.3
    options: dict[str, object] = {
        "objective": "binary", "min_data_in_leaf": 2, "min_data_per_group": 2, "cat_smooth": 1.0,
        "verbose": -1, "num_threads": 1, "min_sum_hessian_in_leaf": 0.0, "force_col_wise": True, "seed": seed,
    }  # fmt: skip
    options |= parameters
    label = (target > np.median(target)).astype(np.float64) if options["objective"] == "binary" else np.exp(target / 3)
    categories = [index for index, kind in enumerate(kinds) if kind == "category"]
    data = lgb.Dataset(features, label, categorical_feature=categories, params={"verbose": -1}, free_raw_data=True)
    return lgb.train(options, data, trees)
