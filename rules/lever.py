"""Levers: L of P × C × V × L, the product of the factors of all levers that cover an offer and are in force."""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from rules.ids import Instant
from rules.instant import parse_instant
from rules.offer import OfferTable
from rules.workspace import Lever


class TacticalLever(msgspec.Struct, frozen=True, eq=False):
    """One dated lever: in force from `starts` to before `ends`; `factors` is 1 for candidates outside it."""

    starts: Instant
    ends: Instant
    factors: NDArray[np.float64]


class LeverBook(msgspec.Struct, frozen=True, eq=False):
    """The levers of one placement over its candidates; permanent ones are multiplied out at publish."""

    levers: tuple[tuple[Lever, NDArray[np.bool_]], ...]
    standing: NDArray[np.float64]
    tactical: tuple[TacticalLever, ...]

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
        return cls(tuple(levers), standing, tuple(tactical))

    def weigh(self, now: Instant) -> NDArray[np.float64]:
        """The product of the factors in force, per candidate."""
        product = self.standing
        for lever in self.tactical:
            if lever.starts <= now < lever.ends:
                product = product * lever.factors
        return product

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
