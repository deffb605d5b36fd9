"""Whether the machine was the bench's alone: what others run takes the cores that are measured."""

import os
import resource
import time
from pathlib import Path
from typing import NamedTuple

from loadtest.bench.machine import Machine

MOST_LOAD = 0.5
"""Load average per core, before the run."""

MOST_OTHERS = 0.05
"""Share of the cores that other processes may use during the run."""

_TICKS = os.sysconf("SC_CLK_TCK")
_BUSY = (0, 1, 2, 5, 6, 7)
"""The columns of /proc/stat in which somebody works: user, nice, system, interrupts, and what other machines stole."""


class Reading(NamedTuple):
    """Seconds so far: of the clock, that this process's cores were busy, and that of these the bench itself used."""

    clock: float
    busy: float
    own: float


def read_cores() -> Reading | None:
    """What the cores have done so far; None where the system does not tell.

    The bench's own is what this process and its ended children used, and theirs.
    """
    statistics = Path("/proc/stat")
    if not statistics.exists():
        return None
    cores = {f"cpu{core}" for core in os.sched_getaffinity(0)}
    rows = (line.split() for line in statistics.read_text().splitlines() if line.startswith("cpu"))
    busy = sum(int(row[1 + column]) for row in rows if row[0] in cores for column in _BUSY) / _TICKS
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return Reading(time.monotonic(), busy, sum(each.ru_utime + each.ru_stime for each in used))


def share_of_others(before: Reading | None, after: Reading | None, cores: int) -> float | None:
    """The share of the cores that others used between two readings."""
    if before is None or after is None:
        return None
    others = (after.busy - before.busy) - (after.own - before.own)
    return max(0.0, others) / ((after.clock - before.clock) * cores)


def warn(machine: Machine, others: float | None) -> tuple[str, ...]:
    """Why the figures of this run may be worth little, in sentences."""
    load = machine.load[0] / machine.cores
    warnings = []
    if load > MOST_LOAD:
        warnings.append(
            f"The machine was busy before the run: load {load:.1f} per core. Figures of a loaded machine are worthless."
        )
    if others is not None and others > MOST_OTHERS:
        warnings.append(
            f"Other processes used {others:.0%} of the cores during the run. Figures of a loaded machine are worthless."
        )
    return tuple(warnings)
