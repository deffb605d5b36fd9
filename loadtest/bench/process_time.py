"""How much processor time the service's processes use, as the system counts it."""

import os
from pathlib import Path

import msgspec

_TICKS = os.sysconf("SC_CLK_TCK")
_USED = slice(11, 15)
"""User and system time of a process and of its ended children, after the second column of its `stat`."""


class ProcessTime(msgspec.Struct, frozen=True):
    """Seconds of processor time so far: the serving workers and their children, the store, and the rest of the service.

    What an ended process used counts for the one that waited for it.
    """

    workers: float
    store: float
    rest: float

    @property
    def whole(self) -> float:
        """All processes of the service together."""
        return self.workers + self.store + self.rest

    def since(self, before: "ProcessTime") -> "ProcessTime":
        """What was used since an earlier reading."""
        return ProcessTime(self.workers - before.workers, self.store - before.store, self.rest - before.rest)


def service_time(served_by: int) -> ProcessTime | None:
    """The processor time of the service that some process started; None where the system does not tell."""
    if not Path("/proc/self/stat").exists():
        return None
    parents, times = _processes()
    used = {"workers": 0.0, "store": 0.0, "rest": 0.0}
    for process, seconds in times.items():
        line = _ancestors(process, parents)
        if served_by in line[1:] and "serve" in (words := _command(line[line.index(served_by) - 1])).split():
            own = _command(process)
            kind = "store" if "valkey" in own else "rest" if own == words or " sink" in own else "workers"
            # A child with the same words as the supervisor is a worker too, where the system forks its workers.
            if own == words and process != line[line.index(served_by) - 1]:
                kind = "workers"
            used[kind] += seconds
    return ProcessTime(**used)


def _processes() -> tuple[dict[int, int], dict[int, float]]:
    parents, times = {}, {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(") ")[2].split()
            except OSError:
                continue
            parents[int(folder.name)] = int(fields[1])
            times[int(folder.name)] = sum(map(int, fields[_USED])) / _TICKS
    return parents, times


def _ancestors(process: int, parents: dict[int, int]) -> list[int]:
    line = [process]
    while parents.get(line[-1], 0) > 0:
        line.append(parents[line[-1]])
    return line


def _command(process: int) -> str:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""
