"""Keeps the smoothed rates of goals without a trained model up to date, from the journal."""

import asyncio
from contextlib import suppress
from pathlib import Path

from decision.clock import Clock
from decision.journal.reading import open_journal
from decision.logs import log
from decision.rounds import look_again
from decision.version.registry import CATALOGUE_SLOT, Registry
from decision.version.shown_counts import ShownCounts, count_shown
from decision.version.versions import Versions
from models.artefact import Artefact, decode_artefact, encode_artefact
from models.rates import PRIOR, smooth
from rules.catalogue import Catalogue
from rules.errors import Conflict, NotFound
from rules.ids import GoalId, ModelVersion
from rules.workspace import Objective

GROWTH = 1.05
"""New rates are published once the evidence has grown by this factor, so that versions stay few."""

LEAST_PAUSE = 5.0
"""Seconds between two looks at the journal, at least."""


class RatesJob:
    """Counts shown offers and their outcomes, and publishes what follows; trained models are left alone."""

    def __init__(self, registry: Registry, versions: Versions, data: Path, clock: Clock) -> None:
        self._registry = registry
        self._versions = versions
        self._data = data
        self._clock = clock
        self._catalogue: Catalogue | None = None
        self._known: dict[str, tuple[Objective, str, int]] = {}

    async def run(self, stopping: asyncio.Event) -> None:
        """Look again and again until told to stop; trouble is logged, and the next look tries again."""
        await look_again(self.look, stopping, "rates_failed", LEAST_PAUSE, LEAST_PAUSE)

    async def look(self) -> dict[GoalId, ModelVersion]:
        """Publish rates for the goals whose evidence has grown enough; returns the new versions."""
        pointer = (await self._registry.current("catalogue")).get(CATALOGUE_SLOT)
        if pointer is None:
            return {}
        if self._catalogue is None or self._catalogue.version != pointer:
            self._catalogue = await self._versions.catalogue(pointer)
        models = await self._registry.current("model")
        published: dict[GoalId, ModelVersion] = {}
        for goal, declared in self._catalogue.workspace.goals.items():
            kind, evidence = await self._state(models.get(goal), declared.objective)
            if kind == "forest":
                continue
            shown = await asyncio.to_thread(self._count, self._catalogue, goal)
            if sum(shown.by_offer.values()) > evidence * GROWTH:
                published[goal] = await self._publish(self._catalogue, goal, shown)
        return published

    async def _state(self, version: str | None, objective: Objective) -> tuple[str, int]:
        """The kind of a model and how much it was made from; one for another objective stands for none."""
        if version is None:
            return "rates", 0
        if version not in self._known:
            try:
                artefact = decode_artefact(await self._registry.get("model", version))
            except NotFound:
                return "rates", 0
            self._known = {**self._known, version: (artefact.objective, artefact.kind, artefact.evidence)}
        trained_for, kind, evidence = self._known[version]
        return (kind, evidence) if trained_for == objective else ("rates", 0)

    def _count(self, catalogue: Catalogue, goal: GoalId) -> ShownCounts:
        # One thread, for the cores belong to the workers.
        with open_journal(self._data, threads=1) as journal:
            return count_shown(journal, catalogue, goal, pooling_attribute(catalogue))

    async def _publish(self, catalogue: Catalogue, goal: GoalId, shown: ShownCounts) -> ModelVersion:
        objective = catalogue.workspace.goals[goal].objective
        evidence = sum(shown.by_offer.values())
        artefact = Artefact(
            kind="rates",
            goal=goal,
            objective=objective,
            created=self._clock(),
            evidence=evidence,
            evidence_by_offer=shown.by_offer,
            variation=shown.variation,
            rates=smooth(shown.counts, pooling_attribute(catalogue), prior=PRIOR[objective]),
        )
        summary: dict[str, str | int | float] = {"goal": goal, "kind": "rates", "evidence": evidence}
        version = await self._registry.put("model", encode_artefact(artefact), artefact.created, "rates", summary)
        # A model that was trained meanwhile stays.
        now = (await self._registry.current("model")).get(goal)
        if (await self._state(now, objective))[0] != "forest":
            with suppress(Conflict):
                await self._registry.activate("model", version, goal, expected=now)
                log.info("rates_published", goal=goal, version=version, evidence=evidence)
        return ModelVersion(version)


def pooling_attribute(catalogue: Catalogue) -> str:
    """The offer attribute whose values pool their offers' rates: of those with two values or more, the one with fewest.

    Fewer values mean more offers to learn from for each; an attribute with less than three offers for each value pools
    nothing. Empty when there is none.
    """
    sizes = {
        name: len({column.words[code] for code in column.data[column.present]})
        for name, column in catalogue.offers.columns.items()
        if column.type == "string" and name != "id"
    }
    fitting = [(size, name) for name, size in sizes.items() if 2 <= size <= len(catalogue.offers) / 3]
    return min(fitting)[1] if fitting else ""
