"""Explains a decision by making it again from its journal record."""

import asyncio

from decision.engine.explanation import Explanation, explain
from decision.journal.journal import Journal
from decision.service.admission import served
from decision.service.refreshing import Refresher
from decision.version.versions import Versions
from rules.errors import NotFound
from rules.ids import DecisionId


class Explaining:
    """Explanations from the journal, with the very versions that a decision was made with."""

    def __init__(self, journal: Journal, versions: Versions, refresher: Refresher) -> None:
        self._journal = journal
        self._versions = versions
        self._refresher = refresher

    async def explain(self, decision: DecisionId) -> Explanation:
        """Every offer of the catalogue with its reason; raises `NotFound`."""
        record = await self._journal.find(decision)
        if record is None:
            raise NotFound(f"The journal holds no decision {decision!r}; a dry run and a fallback leave no record.")
        # What another system decided is told from its record alone.
        live = record.source == "live"
        snapshot = await self._versions.past(record) if live else served(self._refresher.snapshot)
        return await asyncio.to_thread(explain, record, snapshot)
