"""The course of a campaign: waves of chunks with prices and quotas, on rows in memory."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from decision.allocation.kernel import fill
from decision.allocation.left import Left
from decision.allocation.pricing import first_row, prices_for
from decision.allocation.quotas import AT_ONCE, quotas, waves
from decision.allocation.rows import Rows
from decision.allocation.volumes import Volumes

Units = NDArray[np.int64]


class Course(msgspec.Struct, frozen=True, eq=False):
    """What a campaign gave: `choices` int32[rows × slots] of candidates, -1 for none, their value, what is left."""

    choices: NDArray[np.int32]
    value: float
    left: Left


def run_course(
    rows: Rows,
    volumes: Volumes,
    left: Left,
    slots: int,
    chunk: int,
    at_once: int = AT_ONCE,
    sample: Units | None = None,
) -> Course:
    """Decide the rows in waves of chunks of so many; `left` is for all of them.

    Prices are found on the rows `sample` (ascending, int64; `first_row`), without it on all who are left.
    """
    customers = len(rows)
    sample = np.arange(customers) if sample is None else sample
    choices = np.full((customers, slots), -1, np.int32)
    value, prices = 0.0, None
    for wave in waves(-(-customers // chunk), at_once):
        begin = int(np.searchsorted(sample, wave.start * chunk))
        known = sample[first_row(begin, len(sample), customers) :]
        pricing = prices_for(rows.only(known), volumes, left, slots, prices)
        prices = pricing.by_place
        edges = np.minimum(np.arange(wave.start, wave.stop + 1) * chunk, customers)
        given = quotas(left, pricing, volumes, np.diff(edges), np.searchsorted(known, edges))
        for first, last, room in zip(edges[:-1], edges[1:], given, strict=True):
            value += _decided(rows, volumes, slots, volumes.cost(prices), first, last, room.copy(), choices)
        taken = choices[edges[0] : edges[-1]]
        left = left.after(volumes.units(taken), int(edges[-1] - edges[0]))
    return Course(choices, value, left)


def run_greedily(rows: Rows, volumes: Volumes, left: Left, slots: int) -> Course:
    """What allocation is measured against: customers in order, each takes the best that there still is."""
    choices = np.full((len(rows), slots), -1, np.int32)
    room = left.rooms.copy()
    value = _decided(rows, volumes, slots, np.zeros(volumes.candidates), 0, len(rows), room, choices)
    return Course(choices, value, left.after(left.rooms - room, len(rows)))


def _decided(
    rows: Rows,
    volumes: Volumes,
    slots: int,
    cost: NDArray[np.float64],
    first: int,
    last: int,
    room: Units,
    choices: NDArray[np.int32],
) -> float:
    return fill(
        rows.starts[first : last + 1],
        rows.candidates,
        rows.values,
        cost,
        slots,
        volumes.starts,
        volumes.places,
        room,
        choices[first:last],
    )
