"""What a group earns more per person than another, with an interval that may be looked at as often as one likes."""

from math import e, log

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import lambertw

Floats = NDArray[np.float64]
Figure = float | Floats

TIGHTEST = 10_000
"""After how many decisions the interval is as narrow as one of its kind can be."""

FEWEST = 100
"""Persons that each group needs: the interval holds for means that are nearly normal."""


class Moments(msgspec.Struct, frozen=True, eq=False):
    """The persons of a group, their decisions, and the sums of what each of them earned and of its square.

    Numbers, or arrays of them that belong together.
    """

    persons: Figure
    decisions: Figure
    total: Figure
    squares: Figure

    @property
    def mean(self) -> Floats:
        """What a person earned on average."""
        return np.divide(self.total, np.maximum(self.persons, 1))

    @property
    def scatter(self) -> Floats:
        """The sum of the squared distances from the mean."""
        return np.asarray(np.maximum(self.squares - self.total * self.mean, 0.0))


class Lift(msgspec.Struct, frozen=True, eq=False):
    """The difference of two means per person, and its confidence sequence at this point; NaN with too few persons."""

    value: Floats
    low: Floats
    high: Floats


def lift(group: Moments, beside: Moments, level: float = 0.95) -> Lift:
    """What a person of the group earns more than one of the group beside it.

    A person is one observation, whatever it did so far, for it was divided as a whole. The variance of a group is taken
    to be no less than that of both together: a small group in which nothing happened yet tells nothing of its own.
    """
    pooled = (group.scatter + beside.scatter) / np.maximum(group.persons + beside.persons - 2, 1)
    variance = sum(
        np.maximum(each.scatter / np.maximum(each.persons - 1, 1), pooled) / np.maximum(each.persons, 1)
        for each in (group, beside)
    )
    enough = np.minimum(group.persons, beside.persons) >= FEWEST
    difference = np.where(enough, group.mean - beside.mean, np.nan)
    reach = np.sqrt(variance) * widening(group.decisions + beside.decisions, level)
    return Lift(difference, difference - reach, difference + reach)


def widening(decisions: Figure, level: float = 0.95) -> Floats:
    """How many standard errors the interval reaches to either side, after so many decisions.

    With probability `level` the truth never leaves the interval, at no look of all there will be: the asymptotic
    confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, Time-uniform central limit theory and
    asymptotic confidence sequences, Annals of Statistics 52(6), 2024 (theorem 2.2). Its one free parameter makes it
    tightest after `TIGHTEST` decisions. Time is counted in decisions, for it goes on while the persons stay the same;
    what a person earns later goes along with what it earned before, which only makes looks more alike.
    """
    missed = 1.0 - level
    per_decision = (-lambertw(-(missed**2) / e, -1).real - 1.0) / TIGHTEST
    ratio = np.maximum(decisions, 1) * per_decision
    return np.asarray(np.sqrt((1.0 + 1.0 / ratio) * (np.log1p(ratio) - 2.0 * log(missed))))
