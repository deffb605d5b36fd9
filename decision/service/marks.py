"""Signs that a report was taken, for as long as it may be sent again."""

from collections.abc import Sequence

from decision.keys import SubjectId, mark_key
from decision.service.gathering import gather
from decision.store.port import Store
from decision.subject.profiles import DAY

Mark = tuple[SubjectId, str]
"""With whom a sign is kept, and its name there."""


class Marks:
    """Marks of events last `repeat_days`; those of outcomes as long as outcomes of their decision are taken."""

    def __init__(self, store: Store, repeat_days: int, outcome_days: int) -> None:
        self._store = store
        self.event_days = repeat_days
        self.outcome_days = outcome_days

    async def seen(self, marks: Sequence[Mark]) -> set[Mark]:
        """Those of the marks that are set."""
        asked = list(dict.fromkeys(marks))
        found = await self._store.get_many([mark_key(subject, name) for subject, name in asked])
        return {mark for mark, blob in zip(asked, found, strict=True) if blob is not None}

    async def put(self, marks: Sequence[Mark], days: int) -> None:
        """Set marks."""
        await gather(self._store.put(mark_key(subject, name), b"1", days * DAY) for subject, name in marks)
