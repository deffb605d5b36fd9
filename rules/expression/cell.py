"""What a node evaluates to: data and error, each a scalar or an array over the rows of the offer table.

| type | scalar | array |
|---|---|---|
| bool, int, float | bool, int, float | bool_, int64, float64 |
| timestamp, duration | int (ms) | int64 (ms) |
| string | str | `Coded` |
| list | tuple | `Members` |
| map | Mapping | `Grid` |

A bool is False wherever its error is True; other data means nothing there.
"""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

# The static types of the nodes say what the data of a cell is; a union here would only be cast away in every kernel.
Data: TypeAlias = Any
Error: TypeAlias = bool | NDArray[np.bool_]
Cell: TypeAlias = tuple[Data, Error]

FAILED: Cell = (False, True)


class Vocabulary:
    """Words with their codes."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = tuple(words)

    @cached_property
    def index(self) -> dict[str, int]:
        """The code of each word."""
        return {word: code for code, word in enumerate(self.words)}

    def codes_of(self, words: Sequence[str]) -> NDArray[np.intp]:
        """The code of each given word, -1 where it is unknown."""
        index = self.index
        return np.array([index.get(word, -1) for word in words], np.intp)


class Coded:
    """A string per row: codes (intp, so that they index without a conversion) into a vocabulary."""

    __slots__ = ("codes", "vocabulary")

    def __init__(self, codes: NDArray[np.intp], vocabulary: Vocabulary) -> None:
        self.codes = codes
        self.vocabulary = vocabulary

    def codes_in(self, vocabulary: Vocabulary) -> NDArray[np.intp]:
        """The codes of the same strings in another vocabulary, -1 where it does not hold them."""
        if vocabulary is self.vocabulary:
            return self.codes
        return vocabulary.codes_of(self.vocabulary.words)[self.codes]


class Members:
    """A list per row: which words of a vocabulary it holds (rows × words)."""

    __slots__ = ("matrix", "vocabulary")

    def __init__(self, matrix: NDArray[np.bool_], vocabulary: Vocabulary) -> None:
        self.matrix = matrix
        self.vocabulary = vocabulary


class Grid:
    """A map per row: a float per word of a vocabulary (rows × words), NaN where the key is missing."""

    __slots__ = ("matrix", "vocabulary")

    def __init__(self, matrix: NDArray[np.float64], vocabulary: Vocabulary) -> None:
        self.matrix = matrix
        self.vocabulary = vocabulary


def either(left: Error, right: Error) -> Error:
    """The errors of two operands together; no array is made when one of them is decided."""
    if left is False:
        return right
    if right is False or left is True:
        return left
    if right is True:
        return True
    return left | right


def settled(error: Error) -> Error:
    """An error array as a scalar when all its rows agree."""
    if isinstance(error, np.ndarray) and error.size:
        if not error.any():
            return False
        if error.all():
            return True
    return error


def by_word(words: Callable[..., list[Any]], *operands: str | Coded) -> tuple[list[Any], NDArray[np.intp] | None]:
    """Evaluate a function of strings once per distinct combination of words.

    `words` takes a list per operand and gives a list of results; returned are the results and the result's position
    per row (None when all operands are scalars).
    """
    coded = [operand for operand in operands if isinstance(operand, Coded)]
    if not coded:
        return words(*([operand] for operand in operands)), None
    if len(coded) == 1:
        known = coded[0].vocabulary.words
        rows = coded[0].codes
        columns = [known if isinstance(operand, Coded) else [operand] * len(known) for operand in operands]
        return words(*columns), rows
    combined = np.zeros(len(coded[0].codes), np.int64)
    for operand in coded:
        combined = combined * len(operand.vocabulary.words) + operand.codes
    _, first, inverse = np.unique(combined, return_index=True, return_inverse=True)
    columns = [
        [operand.vocabulary.words[code] for code in operand.codes[first]]
        if isinstance(operand, Coded)
        else [operand] * len(first)
        for operand in operands
    ]
    return words(*columns), inverse.astype(np.intp)
