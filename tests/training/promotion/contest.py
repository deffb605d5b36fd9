"""Challengers of one hotel house, sound and spoiled, held against a champion that learned from less."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import numpy as np

from decision.journal.reading import open_journal
from decision.journal.record import Record
from decision.store.memory import MemoryStore
from decision.version.registry import Registry
from models.artefact import encode_artefact
from models.feature import FeatureList
from models.gate import Gate
from models.model import Model, load_model, prior_model
from tests.training.hotel import END, GOAL, START, House, Size
from tests.training.journal import write_journal
from tests.training.promotion.spoiling import SPOILED_JOURNALS, SPOILED_ROWS
from training.learning.course import train
from training.learning.dataset import read_rows
from training.learning.rows import Rows
from training.material.material import Material, Range, gather
from training.promotion.opponent import Champion
from training.promotion.training import train_rows

PERSONS = 0.8
"""Share of the persons that one sound challenger learns from; each has others."""
WAYS = len(SPOILED_ROWS) + len(SPOILED_JOURNALS)
FEW = 0.05
"""Share of the persons that a champion's successor learned from."""
TRUTH = 2_000
"""Visits, after the judged ones, on which the world tells what challengers are really worth."""


class Tried(msgspec.Struct, frozen=True):
    """A challenger: how it was made, by which share it truly earns more than the champion, and what the gate said."""

    name: str
    true_gain: float
    gate: Gate


def told(tried: Tried) -> str:
    """One line: how it was made, what it is truly worth, and what spoke against it."""
    failed = ", ".join(check.name for check in tried.gate.failed) or "promoted"
    return f"{tried.name:32} {tried.true_gain:+7.1%}  {failed}"


class Contest:
    """One house whose champion learned from its first visits and met those that follow.

    With `second` that champion has a successor from this visit on, who has learned from visits until then, so that only
    later ones can tell it from a challenger.
    """

    def __init__(self, seed: int, folder: Path, size: Size, first: int, truth: int = TRUTH, second: int = 0) -> None:
        self.house = House(seed, folder, size)
        self._seed = seed
        self._folder = folder
        self._first = first
        self._second = second
        self._end = len(self.house) - truth
        self._registry = Registry(MemoryStore())
        self._early = self.house.live(range(first), None)
        self._records: list[Record] = []
        self._champion = Champion(prior_model(GOAL), None)
        self._value = 0.0

    async def begin(self) -> None:
        """Train the champion, and let it meet its visits."""
        async with self.early() as material:
            course = train(read_all(material), GOAL, "response", END, None, 1)
        champion = load_model(encode_artefact(course.artefact))
        until = self._second or self._end
        self._records = [*self._early, *self.house.live(range(self._first, until), champion)]
        if self._second:
            champion = await self._successor()
            self._records += self.house.live(range(self._second, self._end), champion)
        self._champion = Champion(champion, champion.version)
        self._value = self._truth(champion)

    async def _successor(self) -> Model:
        """A champion that learned from all that came before it, but from a few of the persons only."""
        async with self._material(self._records, "before") as material:
            rows = read_all(material)
        persons = np.unique(rows.subject)
        few = persons[np.random.default_rng([self._seed, 3]).random(len(persons)) < FEW]
        course = train(rows.take(np.flatnonzero(np.isin(rows.subject, few))), GOAL, "response", END, None, 1)
        return load_model(encode_artefact(course.artefact))

    async def sound(self, number: int) -> Tried:
        """A challenger that learned from some of the persons."""
        draw = np.random.default_rng([self._seed, number, 1])

        def some(rows: Rows) -> Rows:
            persons = np.unique(rows.subject)
            kept = persons[draw.random(len(persons)) < PERSONS]
            return rows.take(np.flatnonzero(np.isin(rows.subject, kept)))

        return await self._try("sound", "later", self._records, some)

    async def spoiled(self, number: int) -> Tried:
        """A challenger that learned from something spoiled, in another way by each number."""
        draw = np.random.default_rng([self._seed, number, 2])
        way = number % WAYS
        if way < len(SPOILED_ROWS):
            spoil = SPOILED_ROWS[way]
            return await self._try(spoil.__name__, "later", self._records, lambda rows: spoil(rows, draw))
        spoil_journal = SPOILED_JOURNALS[way - len(SPOILED_ROWS)]
        records = spoil_journal(self.house, self._records, draw)
        return await self._try(spoil_journal.__name__, spoil_journal.__name__, records, lambda rows: rows)

    async def _try(self, name: str, folder: str, records: Sequence[Record], change: Callable[[Rows], Rows]) -> Tried:
        async with self._material(records, folder) as material:
            made = train_rows(material, change(read_all(material)), self._champion, END, 1)
        return Tried(name, self._truth(load_model(encode_artefact(made.artefact))) / self._value - 1.0, made.gate)

    def _truth(self, model: Model) -> float:
        return self.house.value(range(self._end, len(self.house)), model)

    @asynccontextmanager
    async def early(self) -> AsyncIterator[Material]:
        """What the champion learns from."""
        version = await self._registry.put("catalogue", self.house.package, START)
        await self._registry.activate("catalogue", version)
        async with self._material(self._early, "early") as material:
            yield material

    @asynccontextmanager
    async def _material(self, records: Sequence[Record], name: str) -> AsyncIterator[Material]:
        folder = self._folder / name
        if not folder.exists():
            await write_journal(MemoryStore(), folder, records)
        with open_journal(folder) as journal:
            yield await gather(self._registry, journal, GOAL, Range(now=END))


def read_all(material: Material) -> Rows:
    """All rows of a material."""
    features = FeatureList.of(material.catalogue.workspace, material.catalogue.schema)
    return read_rows(material.connection, material.question, material.catalogues, material.places, features)
