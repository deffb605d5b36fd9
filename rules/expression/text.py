"""Strings: tests and functions evaluated once per word, then taken by code."""

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from rules.expression.cell import Coded, Data, Vocabulary, by_word
from rules.expression.pattern import matches_pattern


def _per_word(function: Callable[..., Any], dtype: type) -> Callable[..., Data]:
    def columns(*words: Sequence[str]) -> list[Any]:
        return [function(*row) for row in zip(*words, strict=True)]

    def kernel(*operands: Data) -> Data:
        results, rows = by_word(columns, *operands)
        return results[0] if rows is None else np.array(results, dtype)[rows]

    return kernel


less_strings = _per_word(operator.lt, np.bool_)
at_most_strings = _per_word(operator.le, np.bool_)
greater_strings = _per_word(operator.gt, np.bool_)
at_least_strings = _per_word(operator.ge, np.bool_)
starts_with = _per_word(str.startswith, np.bool_)
ends_with = _per_word(str.endswith, np.bool_)
contains = _per_word(str.__contains__, np.bool_)
size_of_string = _per_word(len, np.int64)


def matches(pattern: str) -> Callable[[Data], Data]:
    """The kernel that searches for one pattern."""

    def columns(words: Sequence[str]) -> list[bool]:
        return matches_pattern(list(words), pattern)

    def kernel(text: Data) -> Data:
        results, rows = by_word(columns, text)
        return results[0] if rows is None else np.array(results, np.bool_)[rows]

    return kernel


def concatenate(left: Data, right: Data) -> Data:
    """One string after the other."""

    def columns(starts: Sequence[str], ends: Sequence[str]) -> list[str]:
        return [start + end for start, end in zip(starts, ends, strict=True)]

    results, rows = by_word(columns, left, right)
    return results[0] if rows is None else recoded(results, rows)


def recoded(strings: Sequence[str], rows: Any) -> Coded:
    """Strings by position per row, with each distinct string once in the vocabulary."""
    vocabulary = Vocabulary(sorted(set(strings)))
    return Coded(vocabulary.codes_of(strings)[rows], vocabulary)
