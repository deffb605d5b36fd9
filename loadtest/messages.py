"""What the worlds send to the service and read from its answers: the parts of the HTTP contract they use."""

import msgspec

AttributeValue = str | int | float | bool | list[str]


class Question(msgspec.Struct, frozen=True, omit_defaults=True):
    """One decision request; `at` is RFC 3339 and needs scope `admin`."""

    placement: str
    customer: str | None = None
    visitor: str | None = None
    context: dict[str, AttributeValue] = {}
    dry_run: bool = False
    at: str | None = None


class Shown(msgspec.Struct, frozen=True):
    """One offer of a slate."""

    offer: str
    rank: int
    probability: float
    propensity: float | None = None


class Slate(msgspec.Struct, frozen=True):
    """A decision; `model` is the version that ranked, None for arbitration without one."""

    decision: str
    offers: tuple[Shown, ...]
    degraded: tuple[str, ...]
    model: str | None


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of an offer of a decision; `value` in euro."""

    id: str
    decision: str
    offer: str
    kind: str
    at: str | None = None
    value: float | None = None


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """Behaviour outside decisions; `value` in euro."""

    id: str
    kind: str
    customer: str | None = None
    visitor: str | None = None
    at: str | None = None
    attributes: dict[str, str] = {}
    value: float | None = None


class Account(msgspec.Struct, frozen=True):
    """A customer's profile as it is imported."""

    attributes: dict[str, AttributeValue] = {}
    consents: dict[str, bool] = {}


class Link(msgspec.Struct, frozen=True):
    """A visitor turned out to be a customer."""

    visitor: str
    customer: str
    evidence: str


class Versions(msgspec.Struct, frozen=True):
    """The version each goal's pointer names, and the one the worker serves."""

    current: dict[str, str]
    serving: dict[str, str]


class Published(msgspec.Struct, frozen=True):
    """The version that a workspace or a model was stored as."""

    version: str


class Checked(msgspec.Struct, frozen=True):
    """One thing that was checked before a model could be put to use."""

    name: str
    passed: bool


class Checks(msgspec.Struct, frozen=True):
    """All that was checked of a model."""

    checks: tuple[Checked, ...] = ()


class Training(msgspec.Struct, frozen=True):
    """What `concierge train --json` writes: the stored model, whether it is in use, and what was checked."""

    version: str
    in_use: bool = True
    gate: Checks = Checks()


class Judged(msgspec.Struct, frozen=True):
    """A placement in what `concierge evaluate --decided` writes.

    `contacts` counts per decision, `gain` is over the first placement; None stands for what cannot be told.
    """

    policy: str
    contacts: float
    gain: float | None
    gain_error: float | None
    contact_worth: float | None


class Interval(msgspec.Struct, frozen=True):
    """A figure with its interval of 95 %; None stands for what cannot be told."""

    value: float | None
    low: float | None
    high: float | None


class Compared(msgspec.Struct, frozen=True):
    """A policy in what `concierge evaluate` writes: its value by DR, and its paired gain over the constant."""

    policy: str
    dr: Interval
    gain: Interval


class Evaluated(msgspec.Struct, frozen=True):
    """What `concierge evaluate --json` writes, as far as it is read here."""

    comparisons: tuple[Compared, ...]
    reaches: tuple[Judged, ...]

    def policy(self, name: str) -> Compared:
        """The figures of one policy; StopIteration when it was not judged."""
        return next(found for found in self.comparisons if found.policy == name)

    def placement(self, name: str) -> Judged:
        """The figures of one placement; StopIteration when it was not judged."""
        return next(found for found in self.reaches if found.policy == name)
