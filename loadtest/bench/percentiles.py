"""Latency percentiles, recorded in an HdrHistogram."""

from collections.abc import Mapping
from typing import Any

from loadtest.bench.load import Load
from loadtest.bench.peers import find_peer

SHARES = (50.0, 90.0, 99.0, 99.9, 100.0)
_LONGEST = 120_000_000
"""Microseconds."""


def percentiles(load: Load) -> Mapping[float, float]:
    """Milliseconds from the intended moment to the answer, by percentile; raises `PeerAbsent` without hdrhistogram."""
    histogram: Any = find_peer("hdrh.histogram").HdrHistogram(1, _LONGEST, 3)
    for latency in load.microseconds():
        histogram.record_value(max(latency, 1))
    return {share: histogram.get_value_at_percentile(share) / 1000 for share in SHARES}
