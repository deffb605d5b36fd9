import os
import subprocess
import sys
import time
from pathlib import Path

from loadtest.bench.process_time import service_time

BUSY = "import sys, time\\nwhile time.process_time() < 0.2: pass"
SUPERVISOR = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", "{BUSY}", "ended"])
worker = subprocess.Popen([sys.executable, "-c", "{BUSY}\\nsys.stdin.read()", "worker"], stdin=subprocess.PIPE)
print("started", flush=True)
sys.stdin.read()
worker.communicate()
"""
USED = 0.15
"""Seconds that each child uses at least, as the system's ticks count them."""


def test_every_process_of_the_service_counts_and_those_that_ended_too() -> None:
    command = [sys.executable, "-c", SUPERVISOR, "serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as supervisor:
        assert supervisor.stdout is not None
        supervisor.stdout.readline()
        begun = now = service_time(os.getpid())
        deadline = time.monotonic() + 10.0
        while now is not None and now.workers < USED and time.monotonic() < deadline:
            now = service_time(os.getpid())
    assert supervisor.returncode == 0
    if begun is None or now is None:
        assert not Path("/proc/self/stat").exists()
        return
    assert begun.rest >= USED, "what had ended before"
    assert now.workers >= USED
    assert now.whole == now.workers + now.store + now.rest
