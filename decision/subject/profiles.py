"""Profiles in the store: read together, changed one after another."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence

from decision.keys import SubjectId, is_visitor, mark_key, profile_key
from decision.store.port import Store
from decision.subject.packing import Packing
from decision.subject.profile import EMPTY_PROFILE, Profile, encode_profile
from decision.subject.turns import Turns
from rules.errors import Conflict, Damaged

DAY = 86_400
"""Seconds."""

ATTEMPTS = 200

Announce = Callable[[Profile], Awaitable[None]]
"""Told a profile before it is written."""

_Found = Profile | Damaged
"""What is stored: a profile, or why it cannot be read."""


class Profiles:
    """The profiles of customers, which stay, and of visitors, which live `visitor_days` after their last change.

    `repeat_days` is how long a mark is remembered: a change that carries a mark which is already set does nothing.
    """

    def __init__(self, store: Store, visitor_days: int, repeat_days: int, packing: Packing | None = None) -> None:
        self._store = store
        self._packing = packing or Packing(store)
        self._visitor_ttl = visitor_days * DAY
        self._mark_ttl = repeat_days * DAY
        self._turns = Turns()

    async def load(self, subjects: Sequence[SubjectId]) -> list[Profile | None]:
        """The profiles, in order; None where nothing is known. Raises `Damaged`."""
        blobs = await self._store.get_many([profile_key(subject) for subject in subjects])
        return [
            None if blob is None else (await self._packing.read(subject, blob))[0]
            for subject, blob in zip(subjects, blobs, strict=True)
        ]

    async def change(
        self,
        subject: SubjectId,
        change: Callable[[Profile], Profile],
        marks: Sequence[str] = (),
        days: int | None = None,
        announce: Announce | None = None,
        mend: bool = False,
    ) -> Profile | None:
        """The profile after a change, or None, and no change, when one of the marks was there before.

        The marks are set with the profile, in one step, for `days` (else `repeat_days`). Changes by other processes
        in between are never lost: the change is made again on what they left, so `change` must be pure. Whatever is
        about to be written is announced before; the last announcement is what was written. Raises `Conflict` when the
        trying never ends, and `Damaged` for a profile that cannot be read, unless it shall `mend` it: then the change
        is made on an empty one.
        """
        written: Profile | None = None

        async def whole(found: _Found, seen: set[str]) -> tuple[_Found, Sequence[str]] | None:
            nonlocal written
            written = None
            if seen:
                return None
            if isinstance(found, Damaged) and not mend:
                raise found
            written = change(EMPTY_PROFILE if isinstance(found, Damaged) else found)
            if announce is not None:
                await announce(written)
            return written, marks

        await self._change(subject, marks, whole, days)
        return written

    async def change_each(
        self, subject: SubjectId, steps: Mapping[str, Callable[[Profile], Profile]], days: int | None = None
    ) -> set[str]:
        """Make those steps, by mark and in order, whose mark is not set, all at once; returns the marks of those made.

        Otherwise as `change`, but a profile that cannot be read stays as it is, for whoever restores or replaces it,
        and the steps count as made: their journal records hold all there is to know of them.
        """

        async def each(found: _Found, seen: set[str]) -> tuple[_Found, Sequence[str]] | None:
            fresh = [mark for mark in steps if mark not in seen]
            if not isinstance(found, Damaged):
                for mark in fresh:
                    found = steps[mark](found)
            return (found, fresh) if fresh else None

        return set(await self._change(subject, tuple(steps), each, days))

    async def _change(
        self,
        subject: SubjectId,
        marks: Sequence[str],
        make: Callable[[_Found, set[str]], Awaitable[tuple[_Found, Sequence[str]] | None]],
        days: int | None,
    ) -> Sequence[str]:
        """Store what `make` makes of what is stored and the marks already set: a profile and marks to set, or nothing.

        Returns the marks that were set; what cannot be read, given back, stays as it is.
        """
        mark_ttl = self._mark_ttl if days is None else days * DAY
        keys = [profile_key(subject), *(mark_key(subject, mark) for mark in marks)]
        async with self._turns.of(subject):
            for attempt in range(ATTEMPTS):
                blob, *found = await self._store.get_many(keys)
                seen = {mark for mark, set_before in zip(marks, found, strict=True) if set_before is not None}
                made = await make(await self._found(subject, blob), seen)
                if made is None:
                    return ()
                after = blob if isinstance(made[0], Damaged) else self._packed(made[0])
                lasting = [(mark_key(subject, mark), mark_ttl) for mark in made[1]]
                if await self._store.compare_and_put(keys[0], blob, after, self._ttl(subject), lasting):
                    return made[1]
                # Writers that wait for different times do not meet again and again.
                await asyncio.sleep(random.random() * 0.001 * min(attempt, 20))
        raise Conflict(f"The profile of {subject} changed {ATTEMPTS} times while it was being changed; try again.")

    async def replace(self, subject: SubjectId, profile: Profile) -> None:
        """Set the profile, whatever it was."""
        await self._store.put(profile_key(subject), self._packed(profile), self._ttl(subject))

    async def delete(self, subject: SubjectId) -> bool:
        """Forget the profile; says whether there was one."""
        return await self._store.delete([profile_key(subject)]) == 1

    async def _found(self, subject: SubjectId, blob: bytes | None) -> _Found:
        try:
            return EMPTY_PROFILE if blob is None else (await self._packing.read(subject, blob))[0]
        except Damaged as error:
            return error

    def _packed(self, profile: Profile) -> bytes:
        return self._packing.pack(encode_profile(profile))

    def _ttl(self, subject: SubjectId) -> int | None:
        return self._visitor_ttl if is_visitor(subject) else None
