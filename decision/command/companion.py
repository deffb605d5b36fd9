"""A process beside the workers, started again when it dies."""

import os
import signal
import subprocess
import sys
import threading

from decision.logs import log

RESTART_SECONDS = 1.0
STOP_SECONDS = 30.0


class Companion:
    """Keeps `concierge COMMAND` running in a process of its own until `stop`.

    The command is told its parent with `--parent PID`, and ends when that is gone.
    """

    def __init__(self, command: str) -> None:
        self._command = command
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep, name=f"companion-{command}", daemon=True)

    def start(self) -> None:
        """Start it; returns at once."""
        self._process = self._spawn()
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end with SIGTERM and wait; kill it when it does not listen."""
        self._stopping.set()
        self._thread.join()
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            log.error("companion_killed", command=self._command)
            process.kill()
            process.wait()

    def _spawn(self) -> subprocess.Popen[bytes]:
        # A group of its own, so that Ctrl+C reaches the parent alone, which ends it when the workers are done. But not
        # a session: Linux may share the cores out by session first, and a sink could not give way to the workers.
        return subprocess.Popen(
            [sys.executable, "-m", "decision.command.main", self._command, "--parent", str(os.getpid())],
            stdin=subprocess.DEVNULL,
            process_group=0,
        )

    def _keep(self) -> None:
        while not self._stopping.wait(RESTART_SECONDS):
            assert self._process is not None
            if self._process.poll() is not None:
                log.error("companion_died", command=self._command, code=self._process.returncode)
                self._process = self._spawn()
