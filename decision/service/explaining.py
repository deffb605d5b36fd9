"""Explains a decision by making it again from its journal record."""

import asyncio
from collections.abc import Callable

from decision.engine.explanation import Explanation, explain
from decision.journal.journal import Journal
from decision.service.admission import served
from decision.service.refreshing import Refresher
from decision.version.versions import Versions
from rules.errors import NotFound
from rules.ids import DecisionId
from rules.workspace import Channel


def _anyone(_: Channel | None) -> None:
    """Whoever asks may see it."""


class Explaining:
    """Explanations from the journal, with the very versions that a decision was made with."""

    def __init__(self, journal: Journal, versions: Versions, refresher: Refresher) -> None:
        self._journal = journal
        self._versions = versions
        self._refresher = refresher

    async def explain(self, decision: DecisionId, allow: Callable[[Channel | None], None] = _anyone) -> Explanation:
        """Every offer of the catalogue with its reason; raises `NotFound`.

        `allow` is told the channel decided for (None when the catalogue has the placement no longer) and may raise.
        """
        record = await self._journal.find(decision)
        if record is None:
            raise NotFound(f"The journal holds no decision {decision!r}; a dry run and a fallback leave no record.")
        # What another system decided is told from its record alone.
        live = record.source == "live"
        snapshot = await self._versions.past(record) if live else served(self._refresher.snapshot)
        placement = snapshot.catalogue.workspace.placements.get(record.request.placement)
        allow(None if placement is None else placement.channel)
        return await asyncio.to_thread(explain, record, snapshot)
