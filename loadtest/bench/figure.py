"""What a benchmark gives: ratios with their spread, and what they are made of."""

from collections.abc import Sequence
from statistics import median

import msgspec


class Series(msgspec.Struct, frozen=True):
    """One quantity over the rounds of a run."""

    minimum: float
    median: float
    maximum: float
    rounds: tuple[float, ...]

    @classmethod
    def of(cls, rounds: Sequence[float]) -> "Series":
        """The series of some rounds, at least one."""
        return cls(min(rounds), median(rounds), max(rounds), tuple(rounds))


class Goal(msgspec.Struct, frozen=True):
    """A quantity that is wanted; `measured` is its median, `wanted` the least it may be, or where `low` the most."""

    quantity: str
    wanted: float
    measured: float
    low: bool
    met: bool


def at_least(quantity: str, measured: Series, wanted: float) -> Goal:
    """Wanted is this much or more of a quantity, whose unit is in its name."""
    return Goal(quantity, wanted, measured.median, False, measured.median >= wanted)


def at_most(quantity: str, measured: Series, wanted: float) -> Goal:
    """Wanted is this much or less of a quantity, whose unit is in its name."""
    return Goal(quantity, wanted, measured.median, True, measured.median <= wanted)


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One ratio, round by round, of two quantities measured in turn.

    `ours` and `theirs` are in `unit`; `against` says what theirs is; `checked` says what was found equal before the
    clock ran; `goals` are what is wanted of it. `details` are further quantities, their unit in the name; `notes` are
    remarks.
    """

    name: str
    case: str
    against: str
    unit: str
    ratio: Series
    ours: Series
    theirs: Series
    checked: str
    goals: tuple[Goal, ...] = ()
    details: dict[str, Series] = {}
    notes: tuple[str, ...] = ()


class Absent(msgspec.Struct, frozen=True):
    """A figure that could not be measured, and why; `wrong` where what was to be timed does not equal its reference."""

    name: str
    why: str
    wrong: bool = False


Outcome = Figure | Absent


def divide(numerators: Sequence[float], denominators: Sequence[float]) -> Series:
    """The ratio of two quantities, round by round."""
    return Series.of([above / below for above, below in zip(numerators, denominators, strict=True)])
