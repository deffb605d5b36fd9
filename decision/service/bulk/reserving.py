"""Reserves the contacts of a batch's lines, and keeps the answers of those that may be sent again."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence

from decision.keys import SubjectId
from decision.service.bulk.holding import Holding
from decision.service.bulk.keeping import Keeping
from decision.service.bulk.line import Line
from decision.service.bulk.patience import pauses
from decision.service.deadline import Deadline
from decision.subject.contacts import Contacts, Seen
from rules.errors import Unavailable

Reservation = tuple[Line, tuple[SubjectId | None, list[bytes], Seen | None]]
"""A line, and whose history gets which contacts if it still ends where it was seen to."""

Result = bool | BaseException


class Reserving:
    """Appends the contacts of each line only if nobody else did since they were read."""

    def __init__(self, contacts: Contacts, keeping: Keeping, holding: Holding) -> None:
        self._contacts = contacts
        self._keeping = keeping
        self._holding = holding

    async def reserve(self, lines: list[Line], deadline: Deadline) -> list[Line]:
        """Reserve what lines have to; gives those to decide again."""
        asked = [(line, wanted) for line in lines if (wanted := line.reservation) is not None]
        again: list[Line] = []
        superseded: list[Line] = []
        reserve = self._at_once
        for pause in pauses() if asked else ():
            unknown = []
            for one, result in zip(asked, await reserve(asked, deadline), strict=True):
                line, _ = one
                if not isinstance(result, BaseException):
                    if result and line.kept is not None:
                        superseded.append(line)
                    elif result:
                        line.reserved()
                    else:
                        again.append(line)
                elif not isinstance(result, Unavailable):
                    line.fail(result if isinstance(result, Exception) else RuntimeError(result))
                elif deadline.left > 0:
                    unknown.append(one)
                else:
                    line.lose()
            if not unknown:
                break
            await deadline.pause(pause)
            # What was refused may have arrived all the same.
            asked, reserve = unknown, self._once_more
        # Somebody else was faster with the same line; what is held for ours is held in vain.
        await self._holding.release(superseded, deadline)
        return again

    async def _at_once(self, asked: Sequence[Reservation], deadline: Deadline) -> Sequence[Result]:
        """For the first time: those without a name in one call, for it costs as much as each by itself."""
        plain = [
            (owner, contacts, seen)
            for line, (owner, contacts, seen) in asked
            if line.name is None and owner is not None and seen is not None
        ]
        if len(plain) < len(asked):
            return await _all([self._each(one, self._contacts.add_if) for one in asked], deadline)
        try:
            with deadline.waiting():
                return await self._contacts.add_all_if(plain)
        except (Unavailable, TimeoutError) as error:
            return [error if isinstance(error, Unavailable) else _silent()] * len(asked)

    async def _once_more(self, asked: Sequence[Reservation], deadline: Deadline) -> Sequence[Result]:
        return await _all([self._each(one, self._contacts.add_if_missing) for one in asked], deadline)

    def _each(
        self, one: Reservation, reserve: Callable[[SubjectId, list[bytes], Seen], Coroutine[None, None, bool]]
    ) -> Coroutine[None, None, bool]:
        line, (owner, contacts, seen) = one
        if owner is None or seen is None or line.name is not None:
            return self._keeping.put(line, owner, contacts, seen)
        return reserve(owner, contacts, seen)


async def _all(calls: list[Coroutine[None, None, bool]], deadline: Deadline) -> Sequence[Result]:
    """What each call gives or raises."""
    try:
        with deadline.waiting():
            return await asyncio.gather(*calls, return_exceptions=True)
    except TimeoutError:
        return [_silent()] * len(calls)


def _silent() -> Unavailable:
    return Unavailable("The store does not answer.")
