"""A simulation from end to end: variants and journal in, chunks to processes, figures out."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, Future

import duckdb
import msgspec

from decision.campaign.hands import Hands
from decision.version.registry import CATALOGUE_SLOT, Registry
from models.model import load_model
from rules.catalogue import Catalogue
from rules.content import content_address
from rules.errors import NotFound
from rules.ids import CatalogueVersion, GoalId, ModelVersion
from rules.package import unpack, version_of
from training.errors import TrainingError
from training.material.question import Question
from training.simulation.appraising import appraise
from training.simulation.chunk import Bench, Job, simulate_chunk
from training.simulation.example import choose, tell
from training.simulation.people import People
from training.simulation.side import PlaceName, names_of
from training.simulation.simulation import (
    Simulation,
    Unvalued,
    cause_counts,
    exposures,
    group_reaches,
    placement_changes,
)
from training.simulation.tally import Tally
from training.simulation.variant import variant_of
from training.simulation.worth import Earnings, worths

MOST_VALUED = 100_000
"""Decisions that are valued, about; of a longer log it is a share of all persons, drawn by hash."""

FEW_CHUNKS = 2
"""So many chunks are done here sooner than processes have started."""


class Change(msgspec.Struct, frozen=True):
    """What is to be tried: a packed workspace in place of the one in use, and models in place of their goals'."""

    catalogue: bytes | None = None
    models: tuple[ModelVersion, ...] = ()


class Plan(msgspec.Struct, frozen=True, eq=False):
    """A job, its sides as they are used in this process, their names for people, and what decisions are for."""

    job: Job
    bench: Bench
    names: tuple[str, str]
    questions: dict[GoalId, tuple[Question, Earnings]]


async def plan(registry: Registry, connection: duckdb.DuckDBPyConnection, change: Change, people: People) -> Plan:
    """Compare a change with the catalogue and the models in use.

    Raises TrainingError without decisions, `NotFound` where nothing is in use or a model is not stored, and
    `ArtefactError` where one does not fit the workspace.
    """
    if not people.decisions:
        raise TrainingError("No live decision was logged in that range; widen --since and --until.")
    version = (await registry.current("catalogue")).get(CATALOGUE_SLOT)
    if version is None:
        raise NotFound("No workspace is published yet; run `concierge publish DIR` first.")
    in_use = {GoalId(goal): name for goal, name in (await registry.current("model")).items()}
    tried = dict(in_use)
    for name in change.models:
        tried[load_model(await registry.get("model", name)).goal] = name
    served = await registry.get("catalogue", version)
    blobs = served, served if change.catalogue is None else change.catalogue
    catalogues = unpack(blobs[0]), unpack(blobs[1])
    present, changed = [
        await variant_of(registry, *each) for each in zip(blobs, catalogues, (in_use, tried), strict=True)
    ]
    volumes = any(catalogue.workspace.volume for catalogue in catalogues)
    learned = present.learned(), changed.learned()
    valuation = await appraise(registry, connection, catalogues, people.scope, learned)
    begins = [one.appraisal.begin for one in valuation.values()]
    begin = None if None in begins else min((each for each in begins if each is not None), default=None)
    job = Job(
        present,
        changed,
        await _places(registry, connection) if volumes else {},
        await _prices(registry) if volumes else {},
        {goal: one.appraisal for goal, one in valuation.items()},
        min(1.0, MOST_VALUED / max(people.since(begin), 1)),
    )
    bench = await asyncio.to_thread(Bench, job)
    names = _name(version, in_use), _name(version_of(changed.catalogue), tried)
    return Plan(job, bench, names, {goal: (one.question, one.earnings) for goal, one in valuation.items()})


async def run(
    chosen: Plan, people: People, hands: Hands | None, advance: Callable[[int], None], stopping: asyncio.Event
) -> Tally:
    """Decide all chunks again, by other processes or, without `hands`, in this one; `advance` is told how many."""
    whole = Tally()

    async def land(number: int, tally: Tally) -> None:
        whole.add(tally)
        advance(len(people.chunk(number)))
        people.let_go(number)

    if hands is not None:
        # A job has catalogues, models and reward models: processes get it once, by name.
        blob = msgspec.msgpack.encode(chosen.job)
        name, source = content_address(blob), hands.lend(blob, people.spill / "job")

        def submit(executor: Executor, number: int) -> Future[Tally]:
            return executor.submit(simulate_chunk, name, source, people.chunk(number))

        await hands.work(range(len(people)), submit, land, stopping)
    else:
        for number in range(len(people)):
            await land(number, chosen.bench.simulate(people.chunk(number)))
    return whole


def conclude(chosen: Plan, tally: Tally) -> Simulation:
    """The figures, and the examples told; raises TrainingError where nothing was decided again."""
    if not tally.decisions:
        said = "; ".join(f"{count} {reason}" for reason, count in tally.skipped.items())
        raise TrainingError(f"No logged decision can be simulated ({said}); widen --since and --until.")
    sides = chosen.bench.sides
    catalogues = [side.snapshot.catalogue for side in sides]
    attributes = sorted({name for catalogue in catalogues for name in _counted_by(catalogue)})
    return Simulation(
        names=chosen.names,
        decisions=tally.decisions.total(),
        persons=tally.persons,
        reached=(tally.kept[0], tally.kept[1]),
        placements=placement_changes(tally),
        exposures=exposures(tally, [catalogue.offers for catalogue in catalogues], attributes),
        causes=cause_counts(tally),
        groups=group_reaches(tally),
        examples=tuple(tell(lead, sides) for lead in choose(tally)),
        skipped=dict(sorted(tally.skipped.items())),
        worths=worths(tally.valued, chosen.questions),
        unvalued=tuple(Unvalued(*key, number) for key, number in sorted(tally.unvalued.items())),
    )


def _counted_by(catalogue: Catalogue) -> set[str]:
    """The attributes that placements and contact policy count by: what people speak of offers by."""
    limits = {name for placement in catalogue.placements.values() for name in placement.limits}
    return (limits | {entry.per for entry in catalogue.workspace.contact_policy if entry.per}) - {"id"}


async def _places(
    registry: Registry, connection: duckdb.DuckDBPyConnection
) -> dict[CatalogueVersion, tuple[PlaceName, ...]]:
    """The volume limits' places of the catalogues that decisions were made with, as far as they are stored."""
    found: dict[CatalogueVersion, tuple[PlaceName, ...]] = {}
    query = "SELECT DISTINCT decision.catalogue FROM journal WHERE record = 'decision' AND decision.source = 'live'"
    for (version,) in connection.execute(query).fetchall():
        try:
            found[version] = names_of(unpack(await registry.get("catalogue", version)).volumes.places)
        except NotFound:
            # What its places were is not known any more, and so not what was left of them.
            continue
    return found


async def _prices(registry: Registry) -> dict[str, bytes]:
    return {info.version: await registry.get("prices", info.version) for info in await registry.versions("prices")}


def _name(catalogue: str, models: dict[GoalId, str]) -> str:
    return " ".join((f"catalogue {catalogue}", *(f"{goal} {name}" for goal, name in sorted(models.items()))))
