"""Whether enough came since the last training: what came is counted as what was learned from is."""

from pathlib import Path

import msgspec
import pytest

from decision.journal.reading import open_journal
from decision.store.memory import MemoryStore
from decision.version.registry import Registry
from models.artefact import encode_artefact
from rules.ids import Instant
from tests.training.journal import write_journal
from tests.training.material.test_material import CATALOGUE, CLICK, PACKAGE, clicks
from tests.training.shop import MINUTE, START, WEEK, visits
from training.material.material import Range, gather
from training.promotion.publication import TRAINER
from training.promotion.renewal import Renewal, renewal_of

LEARNED = Instant(START + 200 * MINUTE)


async def renewal(folder: Path, evidence: int) -> Renewal:
    store = MemoryStore()
    registry = Registry(store)
    await registry.activate("catalogue", await registry.put("catalogue", PACKAGE, START))
    known = msgspec.structs.replace(clicks().artefact, window=(START, LEARNED), evidence=evidence)
    await registry.put("model", encode_artefact(known), LEARNED, TRAINER, {"goal": CLICK})
    decisions, outcomes = visits(CATALOGUE, 300, 5)
    await write_journal(store, folder, [*decisions, *outcomes])
    with open_journal(folder) as journal:
        return await renewal_of(registry, await gather(registry, journal, CLICK, Range(now=Instant(START + WEEK))))


@pytest.mark.parametrize(("evidence", "due"), [(600, True), (60_000, False)])
async def test_what_teaches_a_further_goal_counts_on_both_sides(tmp_path: Path, evidence: int, due: bool) -> None:
    found = await renewal(tmp_path, evidence)
    since = [record for record in visits(CATALOGUE, 300, 5)[0] if record.now >= LEARNED]
    assert found.fresh == sum(len(record.decision.offers) for record in since) > 100
    assert (found.known, found.due) == (evidence, due)
