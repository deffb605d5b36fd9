"""Affinities: weights per value that halve every half-life, so that old interest fades without a batch job."""

from collections.abc import Iterable, Mapping
from functools import cache

from decision.subject.profile import Decayed
from rules.duration import parse_duration
from rules.ids import Duration, Instant
from rules.workspace import Affinity

NEGLIGIBLE = 1e-6
"""A weight closer to zero than this counts as forgotten."""

MOST_VALUES = 200
"""Values one affinity keeps; the weakest go first, so that a profile stays one small blob whatever clients send."""


@cache
def _duration(text: str) -> Duration:
    return parse_duration(text)


def half_life_of(affinity: Affinity) -> Duration:
    """The declared half-life in milliseconds."""
    return _duration(affinity.half_life)


def weight_at(entry: Decayed, now: Instant, half_life: Duration) -> float:
    """The weight at a moment; before the entry's own moment it is the weight as stored, never more."""
    age = now - entry.at
    return entry.weight * 2.0 ** (-age / half_life) if age > 0 else entry.weight


def combine(first: Decayed, second: Decayed, half_life: Duration) -> Decayed:
    """Both weights together, as of the later moment; the order of the arguments does not matter."""
    at = max(first.at, second.at)
    return Decayed(weight_at(first, at, half_life) + weight_at(second, at, half_life), at)


def add(entries: Mapping[str, Decayed], value: str, entry: Decayed, half_life: Duration) -> dict[str, Decayed]:
    """The affinity with one more weight for a value; a late weight is decayed to the stored moment."""
    old = entries.get(value)
    return trim({**entries, value: combine(old, entry, half_life) if old else entry}, half_life)


def merge(all_entries: Iterable[Mapping[str, Decayed]], half_life: Duration) -> dict[str, Decayed]:
    """Several subjects' affinities as one."""
    merged: dict[str, Decayed] = {}
    for entries in all_entries:
        for value, entry in entries.items():
            old = merged.get(value)
            merged[value] = combine(old, entry, half_life) if old else entry
    return trim(merged, half_life)


def trim(entries: dict[str, Decayed], half_life: Duration) -> dict[str, Decayed]:
    """The affinity without its weakest values once it holds more than `MOST_VALUES`."""
    if len(entries) <= MOST_VALUES:
        return entries
    newest = Instant(max(entry.at for entry in entries.values()))
    strength = {value: abs(weight_at(entry, newest, half_life)) for value, entry in entries.items()}
    kept = sorted(entries, key=lambda value: (-strength[value], value))[:MOST_VALUES]
    return {value: entries[value] for value in kept if strength[value] >= NEGLIGIBLE}


def weights(entries: Mapping[str, Decayed], now: Instant, half_life: Duration) -> dict[str, float]:
    """The weight of every value that is not forgotten, at a moment, in alphabetical order of the values."""
    # `weight_at` without its call: every decision asks for all that is known of a subject.
    known = {}
    for value in sorted(entries):
        entry = entries[value]
        weight, ahead = entry.weight, entry.at - now
        if ahead < 0:
            weight *= 2.0 ** (ahead / half_life)
        if weight >= NEGLIGIBLE or weight <= -NEGLIGIBLE:
            known[value] = weight
    return known
