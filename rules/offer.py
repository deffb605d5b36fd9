"""Offers as columns: one row per offer, in catalogue order."""

from collections.abc import Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from rules.ids import OfferId
from rules.workspace import AttributeType


class Column(msgspec.Struct, frozen=True, eq=False):
    """One attribute over all rows.

    `data` by type: string int32 codes into `words`; int and timestamp int64; float float64; bool bool_; list
    bool_ (rows × words) membership; map float64 (rows × words), NaN where the key is missing. `present` says
    which rows have the attribute at all; `data` is zero (map: NaN) elsewhere. `words` is sorted.
    """

    type: AttributeType
    data: NDArray[np.float64] | NDArray[np.int64] | NDArray[np.bool_] | NDArray[np.int32]
    present: NDArray[np.bool_]
    words: tuple[str, ...] = ()

    def take(self, rows: NDArray[np.intp]) -> "Column":
        """The same column over a subset of rows; the words stay as they are."""
        return Column(self.type, self.data[rows], self.present[rows], self.words)


class OfferTable(msgspec.Struct, frozen=True, eq=False):
    """The offers' ids, attribute columns (`id`, `starts` and `ends` among them) and creatives (by format)."""

    ids: tuple[OfferId, ...]
    columns: Mapping[str, Column]
    creatives: tuple[Mapping[str, Mapping[str, str]], ...]

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: NDArray[np.intp]) -> "OfferTable":
        """The same table over a subset of rows."""
        return OfferTable(
            tuple(self.ids[row] for row in rows),
            {name: column.take(rows) for name, column in self.columns.items()},
            tuple(self.creatives[row] for row in rows),
        )

    def creative(self, row: int, format: str) -> Mapping[str, str]:
        """How the offer of this row looks in a format: fields for every format, overlaid with the format's own."""
        shown = self.creatives[row]
        every, own = shown.get("", {}), shown.get(format, {})
        return {**every, **own} if every and own else every or own
