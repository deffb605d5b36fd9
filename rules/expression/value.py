"""The result of one expression."""

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from rules.expression.cell import Cell, Coded
from rules.expression.type import TypeName

_NOTHING: dict[str, Any] = {"bool": False, "float": 0.0, "string": ""}


class Value(msgspec.Struct, frozen=True, eq=False):
    """What an expression gave for every row of the offer table.

    `data` and `error` are each a scalar that holds for all rows or an array over the rows, whatever the binding: a
    request that decides an expression alone leaves a scalar. `data` by type: bool bool_; int, timestamp and duration
    int64 (ms); float float64; string int32 codes into `words`. `error` marks CEL evaluation errors (an absent
    attribute, a missing key, an overflow …); `data` means nothing there, except that a bool is False.
    """

    type: TypeName
    data: Any
    error: np.bool_ | NDArray[np.bool_]
    words: tuple[str, ...] = ()

    @property
    def passes(self) -> np.bool_ | NDArray[np.bool_]:
        """For a bool: where it is true without error."""
        return self.data if isinstance(self.data, np.ndarray) else np.bool_(self.data)

    def over(self, rows: int) -> "Value":
        """The same value with data and error as arrays over so many rows."""
        return Value(self.type, self._spread(rows), np.broadcast_to(self.error, (rows,)), self._own_words())

    def _own_words(self) -> tuple[str, ...]:
        return (self.data,) if isinstance(self.data, str) else self.words

    def _spread(self, rows: int) -> NDArray[Any]:
        if isinstance(self.data, np.ndarray):
            return self.data
        if isinstance(self.data, str):
            return np.zeros(rows, np.int32)
        dtype = {"bool": np.bool_, "float": np.float64}.get(self.type, np.int64)
        return np.full(rows, self.data, dtype)


def value_of(type: TypeName, cell: Cell) -> Value:
    """A cell as the value that callers see."""
    data, error = cell
    if error is True:
        return Value(type, _NOTHING.get(type, 0), np.True_)
    wrong = np.False_ if error is False else error
    if isinstance(data, Coded):
        return Value(type, data.codes.astype(np.int32), wrong, data.vocabulary.words)
    return Value(type, data, wrong)
