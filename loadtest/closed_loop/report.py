"""The tables a closed loop ends with."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from loadtest.closed_loop.course import Course

_MARKS = 5
"""So many points of the month at which regret is told."""


def print_courses(console: Console, courses: Sequence[Course]) -> None:
    """Every policy over its seeds: mean and standard deviation of the regret, and what each needed to notice."""
    policies = list(dict.fromkeys(course.policy for course in courses))
    days = len(courses[0].value)
    marks = [days * (mark + 1) // _MARKS for mark in range(_MARKS)]
    table = _table("Regret against the optimum, in thousand euro (± standard deviation over seeds)")
    for heading in ("seeds", "€ a visit", "of the optimum", *(f"by day {mark}" for mark in marks)):
        table.add_column(heading, justify="right")
    notices = _table("What it noticed, in visits since the change: median (least to most), and in how many seeds")
    for heading in ("new offer", "taste", "nights: promoted, refused, too little", "seconds a night"):
        notices.add_column(heading, justify="right")
    for policy in policies:
        rows = [course for course in courses if course.policy == policy]
        value, best = (np.array([getattr(row, name) for row in rows]) for name in ("value", "best"))
        regret = np.cumsum(best - value, axis=1) / 1000.0
        visits = np.array([row.visits for row in rows])
        table.add_row(
            policy,
            str(len(rows)),
            f"{(value.sum(axis=1) / visits).mean():.2f}",
            f"{(value.sum(axis=1) / best.sum(axis=1)).mean():.1%}",
            *(_spread(regret[:, mark - 1]) for mark in marks),
        )
        notices.add_row(
            policy, _noticed([row.offer_noticed for row in rows]), _noticed([row.taste_noticed for row in rows]),
            *_nights(rows),
        )  # fmt: skip
    console.print(table)
    console.print(notices)


def _table(title: str) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("policy", no_wrap=True)
    return table


def _spread(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> str:
    return f"{values.mean():.1f} ± {values.std(ddof=min(1, len(values) - 1)):.1f}"


def _noticed(found: Sequence[int | None]) -> str:
    counts = [count for count in found if count is not None]
    if not counts:
        return f"never, 0 of {len(found)}"
    return f"{np.median(counts):,.0f} ({min(counts):,} to {max(counts):,}), {len(counts)} of {len(found)}"


def _nights(rows: Sequence[Course]) -> tuple[str, str]:
    nights = [night for row in rows for night in row.nights]
    if not nights:
        return "–", "–"
    counts = Counter(night.result for night in nights)
    seconds = [night.seconds for night in nights if night.result != "too little"]
    told = ", ".join(str(counts[result]) for result in ("promoted", "refused", "too little"))
    return told, f"{np.mean(seconds):.1f}" if seconds else "–"
