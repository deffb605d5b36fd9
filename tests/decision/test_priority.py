"""A thread can give way while its process goes on claiming its part."""

import os
from concurrent.futures import ThreadPoolExecutor

from decision.priority import LEAST, LESS, give_way_here


def _nice() -> int:
    return os.getpriority(os.PRIO_PROCESS, 0)


def test_a_thread_gives_way_alone() -> None:
    before = _nice()
    with ThreadPoolExecutor(1, initializer=give_way_here) as least, ThreadPoolExecutor(1) as as_before:
        assert least.submit(_nice).result() == LEAST
        assert as_before.submit(_nice).result() == before
    with ThreadPoolExecutor(1, initializer=give_way_here, initargs=(LESS,)) as less:
        assert less.submit(_nice).result() == min(before + LESS, LEAST)
    assert _nice() == before
