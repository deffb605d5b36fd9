"""What differs between two sides, counted: chunk by chunk, and the chunks added up."""

from collections import Counter
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from heapq import nsmallest

import msgspec

from decision.journal.record import DecisionRecord
from decision.subject.profile import AttributeValue
from rules.ids import GoalId, OfferId, PlacementId
from rules.workspace import Channel
from training.simulation.cause import Cause
from training.simulation.valuing import Valued

LOST, GAINED = "lost", "gained"
MOST_VALUES = 60
"""Attributes of customers with more values than this tell persons apart, not groups."""

LEADS = 20
"""Examples kept for each cause: so many are enough where it is the only one."""

Sides = tuple[int, int]
"""A figure of the present side and of the changed one."""


class Lead(msgspec.Struct, frozen=True):
    """A decision that came out otherwise, as an example: its entry in the journal, and each side's contact history.

    `draw` orders examples by chance, the same in each run.
    """

    draw: bytes
    person: str
    cause: Cause
    entry: bytes
    present: bytes
    changed: bytes


class Tally(msgspec.Struct, eq=False):
    """Counts over decisions and persons.

    `shown` is by channel and offer, `decisions` how many there are by placement, `otherwise` of them have another
    slate, `silent` show nothing on either side. `causes` is by channel and by whether an offer is `lost` or `gained`.
    `reached` counts decisions with an offer, by channel, attribute and value, beside all of these in `asked`; `kept`
    the persons that get any offer at all. `valued` are decisions with what both sides' slates are worth, `unvalued`
    counts the others by goal and reason. Attributes in `telling` have so many values that they tell persons
    apart: these are not counted.
    """

    persons: int = 0
    decisions: Counter[PlacementId] = msgspec.field(default_factory=Counter)
    otherwise: Counter[PlacementId] = msgspec.field(default_factory=Counter)
    silent: Counter[tuple[PlacementId, int]] = msgspec.field(default_factory=Counter)
    shown: Counter[tuple[str, OfferId, int]] = msgspec.field(default_factory=Counter)
    causes: Counter[tuple[str, str, Cause]] = msgspec.field(default_factory=Counter)
    asked: Counter[tuple[str, str, str]] = msgspec.field(default_factory=Counter)
    reached: Counter[tuple[str, str, str, int]] = msgspec.field(default_factory=Counter)
    kept: Counter[int] = msgspec.field(default_factory=Counter)
    skipped: Counter[str] = msgspec.field(default_factory=Counter)
    unvalued: Counter[tuple[GoalId, str]] = msgspec.field(default_factory=Counter)
    values: dict[str, set[str]] = {}
    telling: set[str] = set()
    leads: list[Lead] = []
    valued: list[Valued] = []

    def add(self, other: "Tally") -> None:
        """Add another chunk's counts."""
        self.persons += other.persons
        for mine, theirs in zip(self._counters(), other._counters(), strict=True):
            mine.update(theirs)
        for name, said in other.values.items():
            self.values.setdefault(name, set()).update(said)
        for name in (
            self.telling | other.telling | {name for name, said in self.values.items() if len(said) > MOST_VALUES}
        ):
            self._drop(name)
        self.leads = fewest([*self.leads, *other.leads])
        self.valued += other.valued

    def _counters(self) -> "tuple[Counter[object], ...]":
        return tuple(value for value in msgspec.structs.astuple(self) if isinstance(value, Counter))

    def count(self, record: DecisionRecord, channel: Channel, slates: tuple[tuple[OfferId, ...], ...]) -> None:
        """Count what both sides show at a decision."""
        placement = record.request.placement
        self.decisions[placement] += 1
        self.otherwise[placement] += slates[0] != slates[1]
        for side, slate in enumerate(slates):
            self.silent[placement, side] += not slate
            for offer in slate:
                self.shown[channel, offer, side] += 1

    def group(
        self, channel: Channel, values: Mapping[str, AttributeValue], slates: tuple[tuple[OfferId, ...], ...]
    ) -> None:
        """Count whether the groups that somebody belongs to get an offer."""
        for name, value in values.items():
            if name in self.telling or not isinstance(value, str | bool):
                continue
            said = str(value).lower() if isinstance(value, bool) else value
            known = self.values.setdefault(name, set())
            known.add(said)
            if len(known) > MOST_VALUES:
                self._drop(name)
                continue
            self.asked[channel, name, said] += 1
            for side, slate in enumerate(slates):
                self.reached[channel, name, said, side] += bool(slate)

    def _drop(self, name: str) -> None:
        """Forget an attribute that tells persons apart, and count it no more."""
        self.telling.add(name)
        self.values.pop(name, None)
        for counts in (self.asked, self.reached):
            for key in [key for key in counts if key[1] == name]:
                del counts[key]


def draw_of(record: DecisionRecord) -> bytes:
    """Where a decision stands among the examples."""
    return blake2b(record.id.encode(), digest_size=8).digest()


def fewest(leads: Iterable[Lead]) -> list[Lead]:
    """The first examples of each cause, one of a person."""
    by_cause: dict[Cause, dict[str, Lead]] = {}
    for lead in leads:
        theirs = by_cause.setdefault(lead.cause, {})
        theirs[lead.person] = min(lead, theirs.get(lead.person, lead), key=_draw)
    return [lead for _, each in sorted(by_cause.items()) for lead in nsmallest(LEADS, each.values(), key=_draw)]


def _draw(lead: Lead) -> bytes:
    return lead.draw
