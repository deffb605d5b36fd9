"""What is left of volume limits for each line of a batch, after the lines before it."""

from collections.abc import Iterable

from decision.engine.terms import Terms
from decision.service.claims import Claim
from decision.service.volumes import Volumes, Wanted
from rules.ids import Instant
from rules.volume import BoundVolumes


class Allotment:
    """The room of one batch: nothing is known of it until something was refused, and everything from then on."""

    def __init__(self, volumes: Volumes) -> None:
        self._volumes = volumes
        self._left: dict[str, int] = {}

    def terms(self, volumes: BoundVolumes, slots: int, now: Instant) -> Terms:
        """What a line is decided on, given what lines before it will take."""
        remembered = self._volumes.shortage.terms(volumes, now)
        if not self._left:
            return remembered
        counters = self._volumes.shortage.counters(volumes, now)
        room = {
            number: left for number, counter in counters.items() if (left := self._left.get(counter, slots)) < slots
        }
        return remembered.with_room(room)

    def take(self, claims: tuple[Claim, ...]) -> None:
        """A line will take these."""
        for claim in claims:
            if claim.counter in self._left:
                self._left[claim.counter] -= claim.units

    async def learn(self, refused: Iterable[Wanted]) -> None:
        """See what is left wherever somebody was refused, besides what is held for lines of the batch."""
        seen: set[str] = set()
        for wanted in refused:
            if not seen.issuperset(self._volumes.shortage.counters(wanted.volumes, wanted.now).values()):
                rooms = await self._volumes.rooms(wanted.volumes, wanted.now)
                self._left.update(rooms)
                seen.update(rooms)
