"""One chunk of a simulation, decided in whatever process: both sides of every decision, person by person."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import msgspec

from decision.engine.terms import Prices
from decision.journal.record import DecisionRecord, decode_record
from decision.subject.profile import decode_profile
from decision.version.prices import decode_prices
from rules.division import point_of
from rules.ids import CatalogueVersion, GoalId
from rules.workspace import Channel
from training.simulation.carried import CarriedContacts
from training.simulation.cause import ORDER, Cause, cause_of
from training.simulation.people import Decisions
from training.simulation.side import Logged, Made, PlaceName, Side, Weighed
from training.simulation.tally import GAINED, LOST, Lead, Tally, draw_of, fewest
from training.simulation.valuing import Appraisal, Valuing
from training.simulation.variant import Variant

WHO = "subject"
"""The group of everybody: a customer, a visitor, or nobody in particular."""


class Job(msgspec.Struct, frozen=True):
    """What a simulation compares, and what it takes from the log's catalogues and campaigns (see `Logged`).

    `appraisals` say how decisions are valued, by goal, and `valued` of which share of all persons.
    """

    present: Variant
    changed: Variant
    places: dict[CatalogueVersion, tuple[PlaceName, ...]] = {}
    prices: dict[str, bytes] = {}
    appraisals: dict[GoalId, Appraisal] = {}
    valued: float = 1.0


_decoder = msgspec.msgpack.Decoder(Job)


class Bench:
    """What a process needs for a job, made once: both sides."""

    def __init__(self, job: Job) -> None:
        self.job = job
        prices: dict[str, Prices] = {version: decode_prices(blob) for version, blob in job.prices.items()}
        logged = Logged(job.places, prices)
        self._valuing = Valuing(job.appraisals)
        self.sides = tuple(Side(variant.snapshot(), logged) for variant in (job.present, job.changed))

    def simulate(self, decisions: Decisions) -> Tally:
        """Decide a chunk again on both sides, and count what differs."""
        tally = Tally()
        leads: list[Lead] = []
        for person, rows in groupby(decisions, key=lambda row: row[0]):
            leads += self._follow(person, [entry for _, entry in rows], tally)
        tally.leads = fewest(leads)
        return tally

    def _follow(self, person: str, entries: list[bytes], tally: Tally) -> Iterator[Lead]:
        """One person's decisions in order, each side along its own path."""
        paths = tuple(CarriedContacts() for _ in self.sides)
        reached = [False, False]
        for entry in entries:
            record = decode_record(entry)
            if not isinstance(record, DecisionRecord):
                continue
            if "store" in {*record.decision.degraded, *record.degraded_inputs}:
                tally.skipped["made without the store"] += 1
                continue
            channel = self._channel(record)
            if channel is None:
                tally.skipped["made for a placement that neither side has"] += 1
                continue
            made = tuple(side.make(record, path) for side, path in zip(self.sides, paths, strict=True))
            slates = tuple(one.shown for one in made)
            tally.count(record, channel, slates)
            who = "customer" if record.customer is not None else "visitor" if record.visitor is not None else "nobody"
            tally.group(channel, {WHO: who, **decode_profile(record.profile).attributes}, slates)
            reached = [before or bool(slate) for before, slate in zip(reached, slates, strict=True)]
            self._value(person, record, made, tally)
            if slates[0] != slates[1]:
                cause = self._tell(record, channel, made, tally)
                yield Lead(draw_of(record), person, cause, entry, made[0].contacts, made[1].contacts)
        tally.persons += 1
        for side, got in enumerate(reached):
            tally.kept[side] += got

    def _value(self, person: str, record: DecisionRecord, made: tuple[Made, ...], tally: Tally) -> None:
        """Note what both sides' slates are worth, where they can be valued and the person is among those chosen."""
        found = [side.snapshot.placements.get(record.request.placement) for side in self.sides]
        goals = [placement.bound.spec.goal for placement in found if placement is not None]
        goal = goals[0]
        if not self._valuing.values(goal):
            return
        refusal = self._valuing.refusal(record, goal)
        if not refusal and (None in found or goals[0] != goals[1]):
            refusal = f"only one side has placement {record.request.placement} for that goal"
        if not refusal and point_of("valued", person) >= self.job.valued:
            refusal = f"of so many only those of {self.job.valued:.1%} of all persons are"
        if refusal:
            tally.unvalued[goal, refusal] += 1
            return
        present, changed = (_weighed(side, record, one) for side, one in zip(self.sides, made, strict=True))
        if present is not None and changed is not None:
            as_logged = made[0].weighed is None
            tally.valued.append(self._valuing.value(person, record, self.sides, (present, changed), as_logged))

    def _tell(self, record: DecisionRecord, channel: Channel, made: tuple[Made, ...], tally: Tally) -> Cause:
        """Count why offers are lost and gained; gives the first cause."""
        present, changed = (_weighed(side, record, one) for side, one in zip(self.sides, made, strict=True))
        causes = []
        for offer in made[0].shown:
            if offer not in made[1].shown:
                causes.append(cause_of(offer, record.now, changed, present))
                tally.causes[channel, LOST, causes[-1]] += 1
        for offer in made[1].shown:
            if offer not in made[0].shown:
                causes.append(cause_of(offer, record.now, present, changed))
                tally.causes[channel, GAINED, causes[-1]] += 1
        return causes[0] if causes else ORDER

    def _channel(self, record: DecisionRecord) -> Channel | None:
        """The channel of a decision's placement; None where neither side has it."""
        found = (side.snapshot.placements.get(record.request.placement) for side in self.sides)
        return next((placement.bound.spec.channel for placement in found if placement is not None), None)


def _weighed(side: Side, record: DecisionRecord, made: Made) -> Weighed | None:
    """How a side came to it, also where that had not to be found out; None without the placement."""
    if made.weighed is not None or record.request.placement not in side.snapshot.placements:
        return made.weighed
    return side.weigh(record, made.contacts)


_bench: tuple[str, Bench] | None = None


def simulate_chunk(name: str, source: Path | bytes, decisions: Decisions) -> Tally:
    """The tally of a chunk, decided in this process.

    The source is the encoded job, or its file; it is read where the job worked on before had another name.
    """
    global _bench  # noqa: PLW0603  (an executor gives a process no other place to keep anything)
    mine = _bench
    if mine is None or mine[0] != name:
        blob = source if isinstance(source, bytes) else source.read_bytes()
        _bench = mine = name, Bench(_decoder.decode(blob))
    return mine[1].simulate(decisions)
