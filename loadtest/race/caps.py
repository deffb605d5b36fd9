"""Random caps, the workspace that has them, and how often a history breaks them, counted from its bytes alone."""

import zlib
from collections import Counter, defaultdict
from hashlib import blake2b
from random import Random
from struct import Struct

import msgspec

CHANNELS = ("web", "call-center", "email", "app")
THEMES = ("city", "family", "golf", "romantic", "spa")
OFFERS = {f"{theme}-{number}": theme for theme in THEMES for number in range(3)}
WINDOWS = {"1s": 1_000, "3s": 3_000, "1h": 3_600_000, "30d": 2_592_000_000}
"""Milliseconds by how a window is written."""

PLACEMENTS = {
    "home": ("web", 3),
    "side": ("web", 1),
    "desk": ("call-center", 2),
    "mail": ("email", 2),
    "phone": ("app", 1),
}
"""Channel and slots."""

_CONTACT = Struct("<qQIBBH")
"""A contact in the store: moment, offer, kind, channel, rank, tag of the decision."""


class Cap(msgspec.Struct, frozen=True):
    """An entry of the contact policy."""

    id: str
    count: str
    at_most: int
    within: str
    per: str | None
    channels: tuple[str, ...]
    together: bool


class Contact(msgspec.Struct, frozen=True):
    """A contact as the store has it; offer and kind by name where they are known."""

    at: int
    offer: str
    kind: str
    channel: str
    tag: int


def draw_caps(random: Random) -> tuple[Cap, ...]:
    """One to four caps: across channels or on some, over all offers, per theme or offer, on sends or impressions."""
    caps = []
    for number in range(random.randint(1, 4)):
        some = random.sample(CHANNELS, random.randint(1, len(CHANNELS)))
        per = random.choice([None, "theme", "id"])
        caps.append(
            Cap(
                f"cap-{number}",
                random.choice(["decision", "decision", "impression"]),
                random.randint(1, 8 if per is None else 3),
                random.choice([*WINDOWS]),
                per,
                tuple(channel for channel in CHANNELS if channel in some),
                random.random() < 0.6 or len(some) == 1,
            )
        )
    return tuple(caps)


def workspace(caps: tuple[Cap, ...], *entries: str) -> str:
    """The workspace in TOML, with further entries of it."""
    parts = ['name = "race"\n[attributes.offer]\ntheme = { type = "string" }']
    parts.append('[attributes.context]\nline = { type = "string" }')
    parts.append('[goals.click]\noutcome = "click"\nwindow = "1d"\n')
    parts += [
        f'[placements.{name}]\nchannel = "{channel}"\nslots = {slots}\nformat = "none"\ngoal = "click"\n'
        "exploration = { epsilon = 1.0 }\n"
        for name, (channel, slots) in PLACEMENTS.items()
    ]
    for cap in caps:
        channels = ", ".join(f'"{channel}"' for channel in cap.channels)
        parts.append(
            f'[[contact_policy]]\nid = "{cap.id}"\ncount = "{cap.count}"\nat_most = {cap.at_most}\n'
            f'within = "{cap.within}"\nchannels = [{channels}]\n'
            + (f'per = "{cap.per}"\n' if cap.per else "")
            + ("" if cap.together else "together = false\n")
        )
    return "\n".join([*parts, *entries])


def offers() -> str:
    """The offers in CSV."""
    return "id,theme\n" + "".join(f"{offer},{theme}\n" for offer, theme in OFFERS.items())


_OFFER_KEYS = {int.from_bytes(blake2b(id.encode(), digest_size=8).digest(), "little"): id for id in OFFERS}
_KIND_KEYS = {zlib.crc32(kind.encode()): kind for kind in ("decision", "impression")}


def read_history(blob: bytes) -> list[Contact]:
    """The contacts in a history."""
    return [
        Contact(at, _OFFER_KEYS.get(offer, ""), _KIND_KEYS.get(kind, ""), CHANNELS[channel], tag)
        for at, offer, kind, channel, _, tag in _CONTACT.iter_unpack(blob)
    ]


def tag_of(decision: str) -> int:
    """The tag of a decision in its contacts."""
    return zlib.crc32(decision.encode()) % 65_535 + 1


def over(cap: Cap, history: list[Contact]) -> int:
    """By how many contacts a history is over a cap, in the worst of all windows of each value and channel."""
    return sum(max(most - cap.at_most, 0) for most in _fullest(cap, history))


def is_full(cap: Cap, history: list[Contact]) -> bool:
    """Whether a history has as many contacts as a cap allows, for some value."""
    return any(most >= cap.at_most for most in _fullest(cap, history))


def _fullest(cap: Cap, history: list[Contact]) -> list[int]:
    """How many contacts the fullest window has, for each value and, where these count alone, each channel."""
    moments: dict[tuple[str, str], list[int]] = defaultdict(list)
    for contact in history:
        if contact.kind == cap.count and contact.channel in cap.channels:
            value = {"id": contact.offer, "theme": OFFERS[contact.offer], None: ""}[cap.per]
            moments[value, "" if cap.together else contact.channel].append(contact.at)
    return [_most_within(sorted(own), WINDOWS[cap.within]) for own in moments.values()]


def _most_within(moments: list[int], window: int) -> int:
    most = first = 0
    for last, moment in enumerate(moments):
        while moments[first] <= moment - window:
            first += 1
        most = max(most, last - first + 1)
    return most


def uncounted(shown: list[tuple[str, str]], history: list[Contact]) -> int:
    """How many of the offers that callers got, each with its decision, are in no contact."""
    got = Counter((tag_of(decision), offer) for decision, offer in shown)
    got.subtract((contact.tag, contact.offer) for contact in history if contact.kind == "decision")
    return sum(missing for missing in got.values() if missing > 0)
