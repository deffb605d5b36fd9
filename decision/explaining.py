"""Explains a decision by making it again from its journal record."""

import asyncio

from decision.explanation import Explanation, explain
from decision.journal.journal import Journal
from decision.versions import Versions
from rules.errors import NotFound
from rules.ids import DecisionId


class Explaining:
    """Explanations from the journal, with the very versions that a decision was made with."""

    def __init__(self, journal: Journal, versions: Versions) -> None:
        self._journal = journal
        self._versions = versions

    async def explain(self, decision: DecisionId) -> Explanation:
        """Every offer of the catalogue with its reason; raises `NotFound`."""
        record = await self._journal.find(decision)
        if record is None:
            raise NotFound(f"The journal holds no decision {decision!r}; a dry run and a fallback leave no record.")
        if record.source == "import":
            raise NotFound(f"Decision {decision!r} was made by another system and imported; it cannot be explained.")
        snapshot = await self._versions.past(record)
        return await asyncio.to_thread(explain, record, snapshot)
