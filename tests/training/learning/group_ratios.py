"""Whether predictions get better when each channel, or theme, has a ratio of its own: `make ratios`.

A house's visits are drawn by prior rates and split by time as trainings do. The ratios come from the part that
calibrates, shrunk as reports show them; log loss is compared on the last fifth, which neither forest nor ratios know.
"""

import asyncio
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from decision.journal.reading import open_journal
from decision.store.memory import MemoryStore
from decision.version.registry import Registry
from rules.catalogue import Catalogue
from tests.training.hotel import END, GOAL, START, House
from tests.training.journal import write_journal
from tests.training.promotion.contest import read_all
from training.learning.course import calibration_of
from training.learning.recipe import recipe_for
from training.learning.reliability import groups_of, reliabilities
from training.learning.rows import Rows
from training.learning.split import split_by_time
from training.learning.trainer import grow_forest, may_stop, raw_inputs
from training.material.material import Range, gather

Floats = NDArray[np.float64]


def growth(rows: Rows, catalogue: Catalogue) -> dict[str, float]:
    """By how much log loss grows with the ratios of each kind of group, in thousandths of a nat."""
    parts = split_by_time(rows.at)
    fit, tune, judge = rows.take(parts.fit), rows.take(parts.tune), rows.take(parts.judge)
    recipe = recipe_for("response", fit.target, 1)
    forest = grow_forest(fit, tune if may_stop(tune, recipe) else None, recipe)
    calibration = calibration_of(forest, tune, "response")
    assert calibration is not None
    before, after = (calibration.bind().apply(forest.predict(raw_inputs(part))) for part in (tune, judge))
    plain, grown = loss(judge.target, after), {}
    for kind, group in groups_of(judge, catalogue).items():
        found = reliabilities(tune, before, {kind: groups_of(tune, catalogue)[kind]})
        ratios = {one.group: one.ratio for one in found}
        grown[kind] = loss(judge.target, after * np.array([ratios.get(name, 1.0) for name in group.tolist()])) - plain
    return {"plain": 1000 * plain, **{kind: 1000 * more for kind, more in grown.items()}}


def loss(target: Floats, prediction: Floats) -> float:
    """Mean log loss in nats."""
    likely = np.clip(prediction, 1e-9, 1 - 1e-9)
    return float(-np.mean(target * np.log(likely) + (1 - target) * np.log(1 - likely)))


async def house_rows(seed: int, folder: Path) -> tuple[Rows, Catalogue]:
    """A house's visits as training rows."""
    house, registry = House(seed, folder), Registry(MemoryStore())
    await registry.activate("catalogue", await registry.put("catalogue", house.package, START))
    await write_journal(MemoryStore(), folder / "journal", house.live(range(len(house)), None))
    with open_journal(folder / "journal") as journal:
        material = await gather(registry, journal, GOAL, Range(now=END))
        return read_all(material), material.catalogue


def main(houses: int) -> None:
    """Print the figures of each house, their means and standard errors."""
    found: list[dict[str, float]] = []
    for seed in range(1, houses + 1):
        with TemporaryDirectory() as folder:
            found.append(growth(*asyncio.run(house_rows(seed, Path(folder)))))
        print(seed, {name: round(figure, 2) for name, figure in found[-1].items()}, flush=True)
    for name in found[0]:
        column = np.array([figures[name] for figures in found])
        print(f"{name}: {column.mean():.2f} ({column.std(ddof=1) / np.sqrt(len(column)):.2f})")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
