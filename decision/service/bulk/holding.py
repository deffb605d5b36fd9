"""Holds what the lines of a batch take of volume limits, all of them in one ask."""

from collections.abc import Sequence
from contextlib import suppress

from decision.service.bulk.allotment import Allotment
from decision.service.bulk.line import Line
from decision.service.bulk.patience import pauses
from decision.service.deadline import Deadline
from decision.service.volumes import Volumes
from rules.errors import Unavailable


class Holding:
    """What is held for lines; dry runs only look whether it could be."""

    def __init__(self, volumes: Volumes) -> None:
        self._volumes = volumes

    def allotment(self) -> Allotment:
        """What lines of a batch leave to each other."""
        return Allotment(self._volumes)

    async def hold(self, lines: Sequence[Line], allotment: Allotment, deadline: Deadline) -> list[Line]:
        """Hold for each line all that it takes, or nothing; gives those to weigh again.

        Where nothing can be held in time, those are to do without what is limited.
        """
        asked = [(line, wanted) for line in lines if (wanted := line.wanted) is not None]
        for pause in pauses() if asked else ():
            try:
                with deadline.waiting():
                    had = await self._volumes.hold([wanted for line, wanted in asked if not line.ask.dry_run])
                    done = iter(had)
                    given = [
                        not await self._volumes.look(wanted) if line.ask.dry_run else next(done)
                        for line, wanted in asked
                    ]
                    again = [one for one, did in zip(asked, given, strict=True) if not did]
                    await allotment.learn(wanted for _, wanted in again)
            except (Unavailable, TimeoutError):
                if deadline.left <= 0:
                    for line, _ in asked:
                        line.do_without("volume")
                    return [line for line, _ in asked]
                await deadline.pause(pause)
            else:
                for (line, wanted), did in zip(asked, given, strict=True):
                    if did and not line.ask.dry_run:
                        line.held(wanted)
                return [line for line, _ in again]
        return []

    async def release(self, lines: Sequence[Line], deadline: Deadline) -> None:
        """Hold nothing for lines that are decided again; what is not released in time ends by itself."""
        held = [(line.made.draw.id, line.made.claims) for line in lines if line.made is not None and line.made.claims]
        if held:
            with suppress(Unavailable, TimeoutError), deadline.waiting():
                await self._volumes.release(held)
