"""Binding time: what a quantity depends on, and so when it is computed."""

from collections.abc import Iterable
from enum import IntEnum


class Binding(IntEnum):
    """On the offer alone (once, at publish), on the request alone (once per decision), or on the pair (per candidate).

    Constants count as `OFFER`: they too are known at publish.
    """

    OFFER = 0
    REQUEST = 1
    PAIR = 2


def join_bindings(bindings: Iterable[Binding]) -> Binding:
    """The binding of something computed from parts with these bindings."""
    seen = set(bindings)
    if Binding.PAIR in seen or {Binding.OFFER, Binding.REQUEST} <= seen:
        return Binding.PAIR
    return Binding.REQUEST if Binding.REQUEST in seen else Binding.OFFER
