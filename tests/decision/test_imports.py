"""What a serving process loads before it serves."""

import subprocess
import sys

PROCESSES = "decision.http.app, decision.http.bulk_process, decision.command.serve, decision.command.worker"
UNASKED = ("lightgbm", "training")
"""Training is no part of serving, and LightGBM itself is asked by an explanation or an adoption alone."""


def test_a_serving_process_loads_nothing_that_it_does_not_need() -> None:
    asked = f"import sys, {PROCESSES}; print([name for name in {UNASKED} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
