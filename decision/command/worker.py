"""A serving process: the application, for as long as `concierge serve` lives."""

import importlib
import multiprocessing
from typing import Any

from decision.collector import collect_seldom
from decision.parent import end_with

APPLICATION = "decision.http.app:serving_app"

DRAIN_SECONDS = 30
"""How long a worker may finish what it has begun; after that it is killed."""


def load_application(application: str) -> Any:
    """The application that a `module:function` makes, in a process that ends with its parent."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    assert parent.pid is not None
    end_with(parent.pid, DRAIN_SECONDS)
    collect_seldom()
    module, _, function = application.partition(":")
    return getattr(importlib.import_module(module), function)()
