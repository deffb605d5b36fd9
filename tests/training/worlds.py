"""Rows from small made-up worlds whose truth is known."""

import numpy as np

from models.artefact import ModelFeature
from training.learning.rows import Inputs, Rows

CODES = np.array([11.0, 22.0, 33.0, 44.0])
"""What stands for four words of a categorical feature."""

INPUTS = Inputs((ModelFeature("age", "customer.age"), ModelFeature("brand", "offer.brand")), frozenset({"brand"}))
_WORDS = np.array(["a", "b", "c", "d"])


def truth(age: np.ndarray, brand: np.ndarray, position: np.ndarray) -> np.ndarray:
    """The chance of a response: the young like brand 0, the others brand 2, and lower ranks are seen less."""
    liked = np.where(age < 40, brand == 0, brand == 2)
    return np.asarray(np.where(liked, 0.3, 0.05) / position)


def response_rows(count: int, seed: int) -> Rows:
    """Shown offers with responses drawn from `truth`, a tenth of the ages missing."""
    generator = np.random.default_rng(seed)
    age, brand = generator.integers(18, 80, count).astype(float), generator.integers(0, 4, count)
    position = generator.integers(1, 4, count).astype(float)
    target = (generator.random(count) < truth(age, brand, position)).astype(float)
    shown_age = np.where(generator.random(count) < 0.1, np.nan, age)
    return rows_of(np.column_stack([shown_age, CODES[brand]]), target, position, brand)


def value_rows(count: int, seed: int) -> Rows:
    """Shown offers with heavy-tailed values whose mean is 10, and 12 for the brand that fits the age."""
    generator = np.random.default_rng(seed)
    age, brand = generator.integers(18, 80, count).astype(float), generator.integers(0, 4, count)
    position = np.ones(count)
    mean = np.where(np.where(age < 40, brand == 0, brand == 2), 12.0, 10.0)
    bought = generator.random(count) < 0.5
    target = np.where(bought, 2 * mean * generator.lognormal(-0.5 * 1.2**2, 1.2, count), 0.0)
    return rows_of(np.column_stack([age, CODES[brand]]), target, position, brand)


def rows_of(matrix: np.ndarray, target: np.ndarray, position: np.ndarray, brand: np.ndarray) -> Rows:
    """Rows a minute apart, each a decision of its own with probability a quarter."""
    count = len(target)
    return Rows(
        inputs=INPUTS,
        matrix=matrix,
        target=target,
        worth=np.ones(count),
        position=position,
        probability=np.full(count, 0.25),
        at=np.arange(count, dtype=np.int64) * 60_000,
        delay=np.where(target > 0, 30_000.0, np.nan),
        subject=np.array([f"c:{row}" for row in range(count)]),
        decision=np.array([f"{row:032x}" for row in range(count)]),
        offer=_WORDS[brand],
        placement=np.full(count, "home"),
    )
