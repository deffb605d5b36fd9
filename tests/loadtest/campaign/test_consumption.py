"""Memory and processor time of a process group, as the system tells it."""

import os
import subprocess
import sys
from pathlib import Path

from loadtest.campaign.consumption import Consumption, store_process

MEBIBYTE = 2**20


def test_the_most_of_a_whole_process_group_and_all_its_time_are_kept() -> None:
    program = (
        "import sys; sum(range(10**7)); held = bytearray(b'x' * (60 << 20)); print('up', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        own_seconds = sum(os.times()[:2])
        used = Consumption()
        used.look(process.pid, os.getpid())
        most, own = used.processes, used.store
        assert process.stdin is not None
        process.stdin.close()
    if most is None:
        assert not Path("/proc/self/smaps_rollup").exists()
        return
    assert 60 * MEBIBYTE < most < 200 * MEBIBYTE
    assert own is not None
    assert used.seconds is not None
    assert used.seconds > own_seconds + 0.02, "this process's own time, and the other one's"
    used.look(process.pid, None)
    assert used.processes == most


def test_a_number_that_another_process_has_now_is_no_store(tmp_path: Path) -> None:
    assert store_process(tmp_path) is None
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "valkey.pid").write_text(str(os.getpid()))
    assert store_process(tmp_path) is None
