"""Figures for Prometheus; with several workers they share a folder, and any worker answers for all.

| metric | labels | what |
|---|---|---|
| `concierge_decisions_total` | placement, group | decisions answered, without dry runs |
| `concierge_decision_seconds` | placement | time from the call to the acknowledged answer |
| `concierge_degraded_total` | cause | decisions that went on without a part |
| `concierge_reasons_total` | placement, reason | offers by why they were shown or not |
| `concierge_shadow_total` | placement, agrees | decisions a challenger was asked about, by whether it agrees |
| `concierge_reports_total` | record, result | outcomes and events, accepted or repeated |
| `concierge_answers_total` | status | HTTP answers by status code |
| `concierge_refresh_failures_total` | kind | catalogues and models that this worker could not take |
| `concierge_serving` | kind, slot, version | 1 for the version served now |
| `concierge_volume_left` | limit, channel, value | units left of a volume limit when a slate last asked for some |

Those of the models in use are in `decision.care.figures`.
"""

import os
from collections.abc import Sequence
from functools import lru_cache

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)

from decision.care.figures import CareFigures

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
CONTENT_TYPE = CONTENT_TYPE_LATEST

SECONDS_BOUNDS = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Upper bounds of the buckets of seconds; one without a bound follows."""


class SecondsHistogram(Histogram):
    """A histogram that takes many observations at once."""

    def add(self, buckets: Sequence[int], seconds: float) -> None:
        """So many observations in each bucket, and the sum of all."""
        self._sum.inc(seconds)
        for bucket, number in zip(self._buckets, buckets, strict=True):
            if number:
                bucket.inc(number)


DECISIONS = Counter("concierge_decisions_total", "Decisions answered.", ["placement", "group"])
DECISION_SECONDS = SecondsHistogram(
    "concierge_decision_seconds",
    "Seconds from the call to the acknowledged answer.",
    ["placement"],
    buckets=SECONDS_BOUNDS,
)
DEGRADED = Counter("concierge_degraded_total", "Decisions that went on without a part.", ["cause"])
REASONS = Counter("concierge_reasons_total", "Offers by why they were shown or not.", ["placement", "reason"])
SHADOW = Counter(
    "concierge_shadow_total", "Decisions a challenger was asked about, by whether it agrees.", ["placement", "agrees"]
)
REPORTS = Counter("concierge_reports_total", "Outcomes and events taken, or already known.", ["record", "result"])
ANSWERS = Counter("concierge_answers_total", "HTTP answers by status code.", ["status"])
REFRESH_FAILURES = Counter(
    "concierge_refresh_failures_total", "Catalogues and models that this worker could not take.", ["kind"]
)
SERVING = Gauge(
    "concierge_serving", "1 for the version served now.", ["kind", "slot", "version"], multiprocess_mode="livemax"
)
VOLUME_LEFT = Gauge(
    "concierge_volume_left",
    "Units left of a volume limit when a slate last asked for some.",
    ["limit", "channel", "value"],
    multiprocess_mode="mostrecent",
)

CARE = CareFigures()
REGISTRY.register(CARE)

PUBLISHED = (
    "concierge_decisions_total",
    "concierge_decision_seconds",
    "concierge_degraded_total",
    "concierge_reasons_total",
    "concierge_shadow_total",
    "concierge_reports_total",
    "concierge_answers_total",
    "concierge_refresh_failures_total",
    "concierge_serving",
    "concierge_volume_left",
    *(family.name for family in CARE.collect()),
)
"""The names of all metrics."""


@lru_cache(maxsize=10_000)
def counter(metric: Counter, *labels: str) -> Counter:
    """The series of these labels; looking it up by name each time would cost as much as a small rule."""
    return metric.labels(*labels)


@lru_cache(maxsize=1_000)
def decision_seconds(placement: str) -> SecondsHistogram:
    """The series of a placement's seconds."""
    return DECISION_SECONDS.labels(placement)


def forget_process(process: int) -> None:
    """What a process that has ended counted stays counted; what it served is served by it no longer."""
    if FOLDER_VARIABLE in os.environ:
        multiprocess.mark_process_dead(process)  # type: ignore[no-untyped-call]


def render_metrics() -> bytes:
    """All figures in Prometheus' text format."""
    if FOLDER_VARIABLE not in os.environ:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    registry.register(CARE)
    return generate_latest(registry)
