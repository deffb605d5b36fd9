"""Taking turns: contestants run one after the other, round after round, so that a busy moment meets them all."""

from collections.abc import Callable, Mapping
from statistics import median
from time import perf_counter

Contestant = Callable[[int], object]
"""Does the work once, for the n-th question."""

_LEAST_CALLS = 3


def take_turns(contestants: Mapping[str, Contestant], rounds: int, seconds: float) -> dict[str, list[float]]:
    """The median seconds of one call, per contestant and round.

    Each gets `seconds` per round, and three calls at least. Who begins a round changes from round to round.
    """
    names = list(contestants)
    for name in names:
        contestants[name](0)
    times: dict[str, list[float]] = {name: [] for name in names}
    for round in range(rounds):
        for turn in range(len(names)):
            name = names[(round + turn) % len(names)]
            times[name].append(_median_call(contestants[name], seconds))
    return times


def _median_call(contestant: Contestant, seconds: float) -> float:
    taken: list[float] = []
    begun = perf_counter()
    end = begun + seconds
    while begun < end or len(taken) < _LEAST_CALLS:
        contestant(len(taken))
        now = perf_counter()
        taken.append(now - begun)
        begun = now
    return median(taken)
