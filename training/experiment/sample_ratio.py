"""The sample-ratio check: whether as many persons are in each group as should be."""

from collections.abc import Mapping

import msgspec
from scipy.stats import chisquare

ALARM = 0.001
"""Below this p-value something else than chance divided persons, and no figure can be trusted until it is found."""

LEAST = 5.0
"""Persons expected in every group, from which on the test's distribution is near enough."""


class SampleRatio(msgspec.Struct, frozen=True):
    """Persons expected by group, and how likely a division at least as uneven is by chance; None with too few."""

    expected: dict[str, float]
    p_value: float | None

    @property
    def alarm(self) -> bool:
        """Whether the division is not what it should be."""
        return self.p_value is not None and self.p_value < ALARM


def sample_ratio(persons: Mapping[str, int], shares: Mapping[str, float]) -> SampleRatio:
    """Pearson's test of the persons of each group against their shares, which sum to one."""
    everybody = sum(persons.get(group, 0) for group in shares)
    expected = {group: everybody * share for group, share in shares.items() if share > 0}
    if len(expected) < 2 or min(expected.values()) < LEAST:
        return SampleRatio(expected, None)
    found = chisquare([persons.get(group, 0) for group in expected], list(expected.values()))
    return SampleRatio(expected, float(found.pvalue))
