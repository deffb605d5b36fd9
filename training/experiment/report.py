"""The report of an experiment: who is in which group, whether that is right, and what each group earns more."""

from collections.abc import Mapping

import duckdb
import msgspec
import numpy as np

from rules.attribute import suggest
from rules.catalogue import Catalogue
from rules.duration import parse_duration
from rules.errors import Fault, Invalid
from rules.ids import GoalId, Instant, PlacementId
from rules.workspace import Workspace
from training.errors import TrainingError
from training.experiment.lift import Moments, lift
from training.experiment.persons import Measure, Persons, count_decisions, latest_catalogues, persons_of
from training.experiment.sample_ratio import SampleRatio, sample_ratio
from training.experiment.split import Split, find_split
from training.material.kin import kin_of, register_kin

EVERYWHERE = "all channels"


class Wish(msgspec.Struct, frozen=True):
    """What is asked: the experiment, beside which group, and what counts.

    Without a `goal` that of the experiment's placements, with an `event` events of that kind instead of outcomes.
    `counted` compares how many there are, not what they are worth.
    """

    id: str
    beside: str | None = None
    goal: GoalId | None = None
    event: str | None = None
    counted: bool = False
    since: Instant | None = None
    until: Instant | None = None
    level: float = 0.95


class GroupFigures(msgspec.Struct, frozen=True):
    """A group: its persons, what they did, and what one earns more than one of the group beside it.

    `value` and the lift are per person; the lift is None for the group beside, and where too few persons are in one.
    """

    group: str
    persons: int
    decisions: int
    hits: int
    value: float
    lift: float | None
    low: float | None
    high: float | None


class ChannelFigures(msgspec.Struct, frozen=True):
    """All groups on one channel, by the persons who were decided for there, or on all of them."""

    channel: str
    groups: tuple[GroupFigures, ...]


class Report(msgspec.Struct, frozen=True):
    """Everything that is told; `changed` decisions were made while the experiment was declared otherwise.

    `counted` says that outcomes are compared by their number: asked for, or because `unvalued` of those who were shown
    nothing say no value, where an offer's would be its V. `mixed` persons were in several groups.
    """

    id: str
    beside: str
    measure: Measure
    counted: bool
    level: float
    ratio: SampleRatio
    channels: tuple[ChannelFigures, ...]
    changed: int
    unvalued: int = 0
    mixed: int = 0

    @property
    def total(self) -> ChannelFigures:
        """The figures of all channels together."""
        return self.channels[0]


def report_on(connection: duckdb.DuckDBPyConnection, catalogues: Mapping[str, Catalogue], wish: Wish) -> Report:
    """The report from a journal and the catalogues it speaks of.

    Raises `NotFound` for an unknown experiment, `Invalid` for a wish it does not fit, and TrainingError without any
    decision.
    """
    latest = latest_catalogues(connection)
    split, versions = find_split(catalogues, latest, wish.id)
    workspace = catalogues[versions[0]].workspace
    beside = wish.beside or split.beside
    if beside not in split.shares:
        said = f"{beside!r} is no group of it{suggest(beside, split.shares)}"
        raise Invalid((Fault("--beside", said),))
    measure = _measure(workspace, split, wish)

    def persons(placements: tuple[PlacementId, ...]) -> Persons:
        return persons_of(connection, versions, placements, split.groups, measure, wish.since, wish.until)

    register_kin(connection, kin_of(connection))
    everybody = persons(split.placements)
    if not len(everybody.group):
        raise TrainingError(f"Nobody was decided for in {wish.id!r} yet, as it is declared; look again later.")
    # Where a response counts the V of its offer, one that follows no offer would count nothing: lift out of thin air.
    unvalued = int(everybody.bare.sum()) if measure.unstated == 0.0 and not wish.counted else 0
    if unvalued:
        wish = msgspec.structs.replace(wish, counted=True)
    by_channel: dict[str, tuple[PlacementId, ...]] = {}
    for placement in split.placements:
        channel = workspace.placements[placement].channel
        by_channel[channel] = (*by_channel.get(channel, ()), placement)
    channels = [_figures(EVERYWHERE, split, everybody, beside, wish)]
    if len(by_channel) > 1:
        by_persons = {name: persons(placements) for name, placements in by_channel.items()}
        channels += [_figures(name, split, own, beside, wish) for name, own in by_persons.items() if len(own.group)]
    counts = {figures.group: figures.persons for figures in channels[0].groups}
    others = [version for version in latest if version not in versions]
    return Report(
        wish.id,
        beside,
        measure,
        wish.counted,
        wish.level,
        sample_ratio(counts, split.shares),
        tuple(channels),
        count_decisions(connection, others, split.placements, wish.since, wish.until),
        unvalued,
        int(everybody.mixed.sum()),
    )


def _measure(workspace: Workspace, split: Split, wish: Wish) -> Measure:
    if wish.event is not None:
        return Measure(wish.event, None, 0.0)
    goals = sorted({workspace.placements[placement].goal for placement in split.placements})
    if wish.goal is None and len(goals) > 1:
        said = f"is needed, for the placements have several: {', '.join(goals)}"
        raise Invalid((Fault("--goal", said),))
    goal = workspace.goals.get(wish.goal or goals[0])
    if goal is None:
        said = f"{wish.goal!r} is no goal{suggest(str(wish.goal), list(workspace.goals))}"
        raise Invalid((Fault("--goal", said),))
    # Without any value declared a response is worth one, and so it is where nothing was shown.
    plain = goal.objective == "response" and goal.value is None
    return Measure(goal.outcome, parse_duration(goal.window), 1.0 if plain else 0.0)


def _figures(name: str, split: Split, persons: Persons, beside: str, wish: Wish) -> ChannelFigures:
    earned = persons.hits.astype(np.float64) if wish.counted else persons.value
    moments = {}
    for group in split.shares:
        own = persons.group == group
        worth = earned[own]
        moments[group] = Moments(
            float(own.sum()), float(persons.decisions[own].sum()), float(worth.sum()), float((worth * worth).sum())
        )
    told = []
    for group, found in moments.items():
        own = persons.group == group
        difference = lift(found, moments[beside], wish.level)
        figures = (float(difference.value), float(difference.low), float(difference.high))
        known = group != beside and not np.isnan(figures[0])
        value, low, high = figures if known else (None, None, None)
        hits = int(persons.hits[own].sum())
        counts = int(own.sum()), int(persons.decisions[own].sum()), hits
        told.append(GroupFigures(group, *counts, float(found.mean), value, low, high))
    return ChannelFigures(name, tuple(told))
