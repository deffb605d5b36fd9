"""Whether there is enough to learn from that the last training did not know."""

import duckdb
import msgspec

from decision.version.registry import Registry
from models.artefact import decode_artefact
from rules.errors import ConciergeError
from rules.ids import Instant, ModelVersion
from training.material.material import Material
from training.promotion.publication import TRAINER

_FRESH = """
SELECT coalesce(sum(len(decision.offers)), 0)
FROM journal
WHERE record = 'decision'
  AND "at" >= $since
  AND "at" + $window <= $now
  AND ($until IS NULL OR "at" < $until)
  AND ($source IS NULL OR decision.source = $source)
  AND list_contains($placements, decision.catalogue || ' ' || decision.placement)
"""


class Renewal(msgspec.Struct, frozen=True):
    """How many shown offers came since a training, and how many it learned from; `due` when there was none."""

    last: ModelVersion | None
    known: int
    fresh: int
    share: float

    @property
    def due(self) -> bool:
        """Whether there is enough to train anew."""
        return self.last is None or self.fresh >= max(1.0, self.share * self.known)


async def renewal_of(registry: Registry, material: Material) -> Renewal:
    """What came since the last training for the question's goal, whether its model was put to use or not."""
    share, question = material.catalogue.workspace.promotion.renewal, material.question
    for info in await registry.versions("model"):
        if info.by != TRAINER or info.summary.get("goal") != question.goal:
            continue
        try:
            artefact = decode_artefact(await registry.get("model", info.version))
        except ConciergeError:
            continue
        if artefact.window is not None and artefact.objective == question.objective:
            fresh = _fresh(material.connection, material, artefact.settled or artefact.window[1])
            return Renewal(ModelVersion(info.version), artefact.evidence, fresh, share)
    return Renewal(None, 0, 0, share)


def _fresh(connection: duckdb.DuckDBPyConnection, material: Material, since: Instant) -> int:
    question = material.question
    meant = [f"{version} {place}" for version, places in material.taught.items() for place in sorted(places)]
    parameters = {
        "since": since,
        "window": question.window,
        "now": question.now,
        "until": question.until,
        "source": question.source,
        "placements": meant,
    }
    row = connection.execute(_FRESH, parameters).fetchone()
    return 0 if row is None else int(row[0])
