"""What a change would alter: the figures of a simulation, as people and files get them."""

from collections.abc import Mapping, Sequence

import msgspec

from decision.engine.explained_offer import ExplainedOffer
from rules.ids import CustomerId, DecisionId, GoalId, Instant, PlacementId, VisitorId
from rules.offer import OfferTable
from training.simulation.cause import Cause
from training.simulation.tally import Tally
from training.simulation.worth import Worth

LEAST_ASKED = 30
"""Decisions below which a group's share says little."""


class PlacementChange(msgspec.Struct, frozen=True):
    """How many decisions of a placement have another slate, and how many show nothing, before and after."""

    placement: PlacementId
    decisions: int
    otherwise: int
    silent_before: int
    silent_after: int


class Exposure(msgspec.Struct, frozen=True):
    """How often offers with a value of an attribute are shown on a channel, before and after."""

    channel: str
    attribute: str
    value: str
    before: int
    after: int


class CauseCount(msgspec.Struct, frozen=True):
    """How often offers are `lost` or `gained` on a channel for a reason; `name` is the rule, cap, lever or part."""

    channel: str
    direction: str
    reason: str
    name: str
    offers: int


class GroupReach(msgspec.Struct, frozen=True):
    """How many of a customer group's decisions on a channel have an offer, before and after."""

    channel: str
    attribute: str
    value: str
    decisions: int
    before: int
    after: int

    @property
    def silenced(self) -> bool:
        """Whether the group gets no offer any more."""
        return self.before > 0 and self.after == 0


class Unvalued(msgspec.Struct, frozen=True):
    """How many decisions of a goal have no part in what the change is worth, and why."""

    goal: GoalId
    reason: str
    decisions: int


class Example(msgspec.Struct, frozen=True):
    """One decision that comes out otherwise, with what each side shows, and both sides' word on all these offers."""

    decision: DecisionId
    customer: CustomerId | None
    visitor: VisitorId | None
    placement: PlacementId
    at: Instant
    cause: Cause
    before: tuple[ExplainedOffer, ...]
    after: tuple[ExplainedOffer, ...]


class Simulation(msgspec.Struct, frozen=True):
    """A change beside what is in use, over logged decisions; `names` says what was compared.

    `reached` are persons who get any offer, before and after. `skipped` counts decisions by why they were left out.
    `worths` say what the change is worth, by goal and channel, and `unvalued` what they leave out.
    """

    names: tuple[str, str]
    decisions: int
    persons: int
    reached: tuple[int, int]
    placements: tuple[PlacementChange, ...]
    exposures: tuple[Exposure, ...]
    causes: tuple[CauseCount, ...]
    groups: tuple[GroupReach, ...]
    examples: tuple[Example, ...]
    skipped: Mapping[str, int]
    worths: tuple[Worth, ...] = ()
    unvalued: tuple[Unvalued, ...] = ()

    @property
    def otherwise(self) -> int:
        """How many decisions have another slate."""
        return sum(change.otherwise for change in self.placements)


def placement_changes(tally: Tally) -> tuple[PlacementChange, ...]:
    """The placements, by name."""
    return tuple(
        PlacementChange(id, number, tally.otherwise[id], tally.silent[id, 0], tally.silent[id, 1])
        for id, number in sorted(tally.decisions.items())
    )


def exposures(tally: Tally, offers: Sequence[OfferTable], attributes: Sequence[str]) -> tuple[Exposure, ...]:
    """What gains and loses exposure: offers by their `id`, and values of attributes; what moves most comes first.

    `offers` are the present and the changed catalogue's.
    """
    counts: dict[tuple[str, str, str], list[int]] = {}
    words = [_words(table, attributes) for table in offers]
    for (channel, offer, side), number in sorted(tally.shown.items()):
        for attribute, value in (("id", str(offer)), *words[side].get(offer, ())):
            counts.setdefault((channel, attribute, value), [0, 0])[side] += number
    found = [Exposure(*key, before, after) for key, (before, after) in counts.items()]
    found.sort(key=lambda one: (one.channel, one.attribute, -abs(one.after - one.before), one.value))
    return tuple(found)


def cause_counts(tally: Tally) -> tuple[CauseCount, ...]:
    """Why offers are lost and gained, the most frequent reason first."""
    found = [
        CauseCount(channel, direction, cause.reason, cause.name, number)
        for (channel, direction, cause), number in tally.causes.items()
    ]
    found.sort(key=lambda one: (one.channel, one.direction, -one.offers, one.reason, one.name))
    return tuple(found)


def group_reaches(tally: Tally) -> tuple[GroupReach, ...]:
    """Customer groups whose share of decisions with an offer changed, those that lose most first."""
    found = [
        GroupReach(
            channel,
            attribute,
            value,
            asked,
            tally.reached[channel, attribute, value, 0],
            tally.reached[channel, attribute, value, 1],
        )
        for (channel, attribute, value), asked in tally.asked.items()
    ]
    changed = [one for one in found if one.before != one.after and (one.decisions >= LEAST_ASKED or one.silenced)]
    changed.sort(
        key=lambda one: (not one.silenced, (one.after - one.before) / one.decisions, *msgspec.structs.astuple(one)[:3])
    )
    return tuple(changed)


def _words(table: OfferTable, attributes: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
    """What each offer has of these attributes."""
    found: dict[str, list[tuple[str, str]]] = {}
    for attribute in attributes:
        column = table.columns.get(attribute)
        if column is None or column.type != "string":
            continue
        for offer, present, code in zip(table.ids, column.present.tolist(), column.data.tolist(), strict=True):
            if present:
                found.setdefault(offer, []).append((attribute, column.words[int(code)]))
    return found
