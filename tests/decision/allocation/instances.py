"""Random audiences with limits, and their exact optimum by HiGHS."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_matrix

from decision.allocation import UNLIMITED, Left, Rows, Volumes


def rows_of(values: NDArray[np.float64]) -> Rows:
    """Rows from a matrix, customers × candidates, of what is worth more than zero."""
    customers, candidates = np.nonzero(values > 0.0)
    starts = np.concatenate([[0], np.cumsum(np.bincount(customers, minlength=len(values)))])
    return Rows(starts.astype(np.int64), candidates.astype(np.int32), values[customers, candidates])


def audience(seed: int, customers: int = 2_000, offers: int = 50) -> tuple[Rows, Volumes, Left, int]:
    """Customers, most offers with a stock, some with a minimum, themes with joint limits, one to three slots.

    Values are skewed, in every fourth audience with a tail of infinite variance.
    """
    random = np.random.default_rng(seed)
    slots = 1 + seed % 3
    tails = random.pareto(1.5, (customers, offers)) if seed % 4 == 3 else random.lognormal(0, 0.7, (customers, offers))
    values = np.where(random.random((customers, offers)) < 0.5, random.lognormal(0, 1, offers) * tails, 0.0)
    shares = random.dirichlet(np.full(offers, 2.0)) * (0.5, 0.8, 1.2)[seed % 3]
    by_candidate: list[list[int]] = [[] for _ in range(offers)]
    rooms: list[int] = []
    minimums: list[int] = []
    for offer in range(offers):
        if offer % 5 < 4:
            by_candidate[offer].append(len(rooms))
            rooms.append(max(1, int(shares[offer] * customers * slots)))
            minimums.append(0)
        elif offer % 10 == 4:
            by_candidate[offer].append(len(rooms))
            rooms.append(UNLIMITED)
            minimums.append(customers // 100)
    for _ in range(5):
        for offer in np.flatnonzero(random.random(offers) < 0.2).tolist():
            # One that has a minimum may not be kept from it.
            if offer % 5 < 4:
                by_candidate[offer].append(len(rooms))
        rooms.append(customers * slots * 8 // 100)
        minimums.append(0)
    left = Left(np.array(rooms, np.int64), np.array(minimums, np.int64), customers)
    return rows_of(values), Volumes.of(by_candidate, len(rooms)), left, slots


def optimum(rows: Rows, volumes: Volumes, left: Left, slots: int) -> float | None:
    """The optimum of the linear program, which no choices exceed; None when the minimums cannot be met."""
    entries = np.arange(len(rows.values))
    owners = np.repeat(np.arange(len(rows)), np.diff(rows.starts))
    once = csr_matrix((np.ones(len(entries)), (owners, entries)), (len(rows), len(entries)))
    table = np.zeros((volumes.number, volumes.candidates))
    table[volumes.places, np.repeat(np.arange(volumes.candidates), np.diff(volumes.starts))] = 1.0
    counted = csr_matrix(table[:, rows.candidates])
    rooms = np.where(left.rooms < UNLIMITED, left.rooms, np.inf)
    found = milp(
        -rows.values,
        bounds=Bounds(0, 1),
        constraints=[LinearConstraint(once, -np.inf, slots), LinearConstraint(counted, left.minimums, rooms)],
    )
    return None if found.x is None else float(-found.fun)
