"""How far back a workspace looks: the contacts that one of its entries or counters may still count."""

from collections.abc import Iterable

import msgspec
import numpy as np
from numpy.typing import NDArray

from rules.contact import DECISION_KIND, ContactHistory, kind_key
from rules.duration import parse_duration
from rules.ids import Duration, Instant
from rules.workspace import CHANNELS, Channel, Workspace


class Look(msgspec.Struct, frozen=True):
    """Contacts of a kind on some channels, and for how long (ms) they may matter."""

    kind: str
    channels: tuple[Channel, ...]
    span: Duration


def looks_of(workspace: Workspace) -> tuple[Look, ...]:
    """What the counters and the contact policy look back on.

    Where a rest follows, twice as far as a window and a rest reach: what a contact counts towards depends on those
    before it. Where impressions count, decisions count until theirs has come, and theirs tells that it has.
    """
    looks = [
        Look(counter.count, counter.channels, parse_duration(counter.within)) for counter in workspace.counters.values()
    ]
    for entry in workspace.contact_policy:
        span = parse_duration(entry.within)
        if entry.rest is not None:
            span = Duration(2 * (span + parse_duration(entry.rest)))
        waits = Duration(0) if entry.waits is None else parse_duration(entry.waits)
        looks.append(Look(entry.count, entry.channels, Duration(max(span, waits))))
        looks += [Look(kind, CHANNELS, span) for kind in entry.unless]
        if waits:
            looks.append(Look(DECISION_KIND, entry.channels, waits))
    return tuple(looks)


def needed(history: ContactHistory, looks: Iterable[Look], now: Instant) -> NDArray[np.bool_]:
    """Which contacts of a history may still count at a moment or later."""
    found = np.zeros(len(history), np.bool_)
    for look in looks:
        on = np.isin(history["channel"], [CHANNELS.index(channel) for channel in look.channels])
        found |= (history["kind"] == kind_key(look.kind)) & on & (history["at"] > now - look.span)
    return found
