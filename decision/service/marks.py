"""Signs that a report about a wholly anonymous decision was already taken."""

from decision.keys import SubjectId, mark_key
from decision.store.port import Store
from decision.subject.profiles import DAY
from rules.ids import DecisionId


class Marks:
    """Report ids by decision, remembered for `repeat_days`; subjects that are known keep theirs with their profile."""

    def __init__(self, store: Store, repeat_days: int) -> None:
        self._store = store
        self._ttl = repeat_days * DAY

    async def seen(self, decision: DecisionId, id: str) -> bool:
        """Whether the report was taken before."""
        return (await self._store.get_many([_key(decision, id)]))[0] is not None

    async def put(self, decision: DecisionId, id: str) -> None:
        """Remember the report."""
        await self._store.put(_key(decision, id), b"1", self._ttl)


def _key(decision: DecisionId, id: str) -> str:
    return mark_key(SubjectId(f"d:{decision}"), id)
