import subprocess
import sys
from pathlib import Path

import pytest

from loadtest.bench.machine import Machine
from loadtest.bench.quietness import Reading, read_cores, share_of_others, warn

BUSY = "import time\nwhile time.process_time() < 0.2: pass"


def machine(load: float) -> Machine:
    return Machine("a processor", 2, 4.0, "a system", (load, 0.0, 0.0))


def test_a_busy_machine_is_told_before_and_after() -> None:
    assert warn(machine(1.0), None) == ()
    assert warn(machine(1.0), 0.01) == ()
    assert "load 0.6 per core" in warn(machine(1.2), None)[0]
    assert "used 30% of the cores" in warn(machine(0.0), 0.3)[0]


def test_what_the_bench_used_is_not_held_against_others() -> None:
    before, after = Reading(10.0, 100.0, 1.0), Reading(20.0, 112.0, 9.0)
    assert share_of_others(before, after, 2) == pytest.approx(0.2)
    assert share_of_others(before, after._replace(own=30.0), 2) == 0.0
    assert share_of_others(None, after, 2) is None


def test_what_its_ended_children_used_is_its_own() -> None:
    before = read_cores()
    subprocess.run([sys.executable, "-c", BUSY], check=True)
    after = read_cores()
    if before is None or after is None:
        assert not Path("/proc/stat").exists()
    else:
        assert after.own - before.own > 0.2
        assert after.busy - before.busy > 0.15
