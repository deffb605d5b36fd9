"""Explains a decision by making it again from its journal record."""

import asyncio
from collections.abc import Callable

from decision.engine.explanation import Explanation, explain
from decision.journal.journal import Journal
from decision.service.admission import served
from decision.service.decision_index import DecisionIndex
from decision.service.refreshing import Refresher
from decision.version.versions import Versions
from rules.errors import NotFound
from rules.ids import DecisionId
from rules.workspace import Channel


def _anyone(_: Channel | None) -> None:
    """Whoever asks may see it."""


AT_ONCE = 4
"""How many explanations are made at the same time; they read segments and weigh in threads that decisions need too."""


class Explaining:
    """Explanations from the journal, with the very versions that a decision was made with."""

    def __init__(self, journal: Journal, index: DecisionIndex, versions: Versions, refresher: Refresher) -> None:
        self._journal = journal
        self._index = index
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._versions = versions
        self._refresher = refresher

    async def explain(self, decision: DecisionId, allow: Callable[[Channel | None], None] = _anyone) -> Explanation:
        """Every offer of the catalogue with its reason; raises `NotFound`.

        `allow` is told the channel decided for (None when the catalogue has the placement no longer) and may raise.
        """
        async with self._gate:
            return await self._explain(decision, allow)

    async def _explain(self, decision: DecisionId, allow: Callable[[Channel | None], None]) -> Explanation:
        # The index is one read.
        (known,) = await self._index.find([decision])
        record = await self._journal.find(decision, known is not None)
        if record is None:
            raise NotFound(
                f"The journal holds no decision {decision!r}; "
                "a dry run leaves no record, nor does a fallback while the store is away."
            )
        # What another system decided is told from its record alone.
        live = record.source == "live"
        snapshot = await self._versions.past(record) if live else served(self._refresher.snapshot)
        placement = snapshot.catalogue.workspace.placements.get(record.request.placement)
        allow(None if placement is None else placement.channel)
        return await asyncio.to_thread(explain, record, snapshot, await self._versions.prices(record))
