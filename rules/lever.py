"""Levers: L of P × C × V × L, the product of the factors of all levers that cover an offer and are in force."""

from bisect import bisect_right
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from rules.ids import Instant
from rules.instant import parse_instant
from rules.offer import OfferTable
from rules.workspace import Lever

Floats = NDArray[np.float64]


class TacticalLever(msgspec.Struct, frozen=True, eq=False):
    """One dated lever: in force from `starts` to before `ends`; `factors` is 1 for candidates outside it."""

    starts: Instant
    ends: Instant
    factors: Floats


_KEPT = 4


class LeverProducts:
    """The product of the factors in force, per candidate, by how many moments have passed; it keeps the last few.

    `standing` are the permanent factors, `moments` (ascending) those at which something comes into force or ends.
    """

    def __init__(self, standing: Floats, tactical: Sequence[TacticalLever], moments: tuple[Instant, ...]) -> None:
        self._standing = standing
        self._tactical = tuple(tactical)
        self._moments = moments
        self._kept: dict[int, Floats] = {}

    def after(self, passed: int) -> Floats:
        """What is in force once so many moments have passed; read-only, for it is shared."""
        kept = self._kept.get(passed)
        return kept if kept is not None else self._keep(passed)

    def _keep(self, passed: int) -> Floats:
        whole = self._standing.copy()
        for lever in self._tactical:
            if passed and lever.starts <= self._moments[passed - 1] < lever.ends:
                whole *= lever.factors
        whole.flags.writeable = False
        while len(self._kept) >= _KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[passed] = whole
        return whole


class LeverBook(msgspec.Struct, frozen=True, eq=False):
    """The levers of one placement over its candidates.

    What is in force changes only at `moments` (ascending): `products` are by how many of them have passed.
    """

    levers: tuple[tuple[Lever, NDArray[np.bool_]], ...]
    moments: tuple[Instant, ...]
    products: LeverProducts

    @classmethod
    def of(cls, levers: Sequence[tuple[Lever, NDArray[np.bool_]]], candidates: int) -> "LeverBook":
        """The levers, each with the candidates it covers; permanent factors first, then tactical ones, in order."""
        standing = np.ones(candidates)
        tactical = []
        for lever, covered in levers:
            factors = np.where(covered, lever.factor, 1.0)
            if lever.starts is None or lever.ends is None:
                standing = standing * factors
            else:
                tactical.append(TacticalLever(parse_instant(lever.starts), parse_instant(lever.ends), factors))
        moments = tuple(sorted({moment for lever in tactical for moment in (lever.starts, lever.ends)}))
        return cls(tuple(levers), moments, LeverProducts(standing, tactical, moments))

    def weigh(self, now: Instant) -> Floats:
        """The product of the factors in force, per candidate; read-only, for it is shared."""
        return self.products.after(bisect_right(self.moments, now))

    def in_force(self, candidate: int, now: Instant) -> tuple[Lever, ...]:
        """The levers that make up one candidate's weight now."""
        return tuple(
            lever
            for lever, covered in self.levers
            if covered[candidate]
            and (
                lever.starts is None
                or lever.ends is None
                or parse_instant(lever.starts) <= now < parse_instant(lever.ends)
            )
        )


def in_scope(lever: Lever, offers: OfferTable) -> NDArray[np.bool_]:
    """The offers whose attributes have one of the values the lever's scope names, for each attribute it names."""
    covered = np.ones(len(offers), np.bool_)
    for name, values in lever.scope.items():
        column = offers.columns[name]
        wanted = np.array([word in values for word in column.words], np.bool_)
        held = column.data @ wanted if column.type == "list" else _pick(wanted, column.data.astype(np.int32))
        covered &= held.astype(np.bool_) & column.present
    return covered


def _pick(wanted: NDArray[np.bool_], codes: NDArray[np.int32]) -> NDArray[np.bool_]:
    # A column that is absent everywhere has no words, and zeros for codes.
    return wanted[codes] if len(wanted) else np.zeros(len(codes), np.bool_)
