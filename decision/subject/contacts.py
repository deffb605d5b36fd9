"""Contact histories in the store."""

import asyncio
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress

import msgspec
import numpy as np

from decision.keys import SubjectId, contacts_key, is_visitor, mark_key
from decision.store.port import Append, Entry, Put, Store
from decision.subject.profiles import ATTEMPTS, DAY
from decision.subject.turns import Turns
from rules.contact import CONTACT, MOST_COUNTED, read_contacts
from rules.contact_reach import Look, needed
from rules.errors import Conflict, Unavailable
from rules.ids import Instant

_OFTEN = 32
"""Contacts in each `keep` at which a history is looked through; a slate may pass some of them."""


_DATED_AHEAD = 16
"""One in so many of the contacts in each `keep` may lie in the future before more is cut off than should be."""


def contact_mark(mark: str) -> str:
    """The mark of the contacts of what has a mark of its own."""
    return f"contact:{mark}"


class Seen(msgspec.Struct, frozen=True):
    """Where a history ended when it was read: its length in bytes, and its last contact if there was any.

    The length alone would not do: contacts can be taken back, and others made.
    """

    length: int
    end: bytes

    @classmethod
    def of(cls, history: bytes, length: int | None = None) -> "Seen":
        """A history's, of which the first `length` bytes are meant (else all)."""
        length = len(history) if length is None else length
        return cls(length, history[max(length - CONTACT.itemsize, 0) : length])


Looks = Callable[[], Iterable[Look] | None]
"""Gives what the catalogue in use looks back on, None while there is none."""


class Contacts:
    """Contact histories; a visitor's lives `visitor_days` after its last contact.

    A history that passes twice `keep` contacts is cut to the `keep` latest ones and those before that `looks` may still
    count, at most three times as many; whoever does not know the looks leaves that to others.
    """

    def __init__(
        self, store: Store, visitor_days: int, repeat_days: int, looks: Looks | None = None, keep: int = MOST_COUNTED
    ) -> None:
        self._store = store
        self._visitor_ttl = visitor_days * DAY
        self._mark_ttl = repeat_days * DAY
        self._looks = looks
        self._keep = keep
        # Bytes up to which a history is not looked at at all.
        self._short = 2 * keep * CONTACT.itemsize
        self._turns = Turns()

    async def load(self, subjects: Sequence[SubjectId]) -> list[bytes]:
        """The histories as blobs, in order, for `read_contacts`; histories of one person may simply be joined."""
        blobs = await self._store.get_many([contacts_key(subject) for subject in subjects])
        return [blob or b"" for blob in blobs]

    async def add(self, subject: SubjectId, records: Iterable[bytes]) -> int:
        """Append contacts in one step; returns the history's new length in bytes."""
        length = await self._store.append(contacts_key(subject), b"".join(records), None, self._ttl(subject))
        assert length is not None
        await self.cut_if_long(subject, length)
        return length

    async def add_if(self, subject: SubjectId, records: Iterable[bytes], seen: Seen) -> bool:
        """Append contacts if the history still ends where it was seen to; False, and no change, when it does not."""
        key, ttl = contacts_key(subject), self._ttl(subject)
        length = await self._store.append(key, b"".join(records), seen.length, ttl, seen.end)
        await self.cut_if_long(subject, length)
        return length is not None

    async def add_all_if(self, additions: Sequence[tuple[SubjectId, Sequence[bytes], Seen]]) -> list[bool]:
        """`add_if` for many subjects, who travel together; each is appended to or not by itself."""
        appends = [
            Append(contacts_key(subject), b"".join(records), self._ttl(subject), seen.length, seen.end)
            for subject, records, seen in additions
        ]
        lengths = await self._store.write(appends)
        for (subject, _, _), length in zip(additions, lengths, strict=True):
            await self.cut_if_long(subject, length)
        return [length is not None for length in lengths]

    async def add_with(self, subject: SubjectId, records: Iterable[bytes], seen: Seen, entry: Entry, put: Put) -> bool:
        """`add_if`, with a log's entry and a value in the same step, as `Store.append_with` says."""
        key, ttl = contacts_key(subject), self._ttl(subject)
        length = await self._store.append_with(key, b"".join(records), entry, put, seen.length, ttl, seen.end)
        await self.cut_if_long(subject, length)
        return length is not None

    async def add_if_missing(self, subject: SubjectId, records: Iterable[bytes], seen: Seen) -> bool:
        """`add_if` once more, when it is not known whether the first one arrived.

        It did where the records stand behind what was seen: nobody else appends there the same ones, for contacts carry
        the tag of their decision.
        """
        added = b"".join(records)
        (history,) = await self.load([subject])
        there = seen.end + added
        if history[seen.length - len(seen.end) :].startswith(there):
            return True
        return await self.add_if(subject, (added,), seen)

    async def add_once(
        self, subject: SubjectId, records: Iterable[bytes], receipt: Put, seen: Seen | None = None
    ) -> bytes | bool:
        """Append contacts and put a receipt in one step: True, or False when the history does not end where it did.

        A receipt that is there already is returned, and nothing changes.
        """
        added, key, ttl = b"".join(records), contacts_key(subject), self._ttl(subject)
        length, end = (None, b"") if seen is None else (seen.length, seen.end)
        grown = await self._store.append_once(key, added, receipt, length, ttl, end)
        if isinstance(grown, bytes):
            return grown
        await self.cut_if_long(subject, grown)
        return grown is not None

    def addition(self, subject: SubjectId, records: Iterable[bytes]) -> Append:
        """What appends contacts, among other writes; `cut_if_long` follows."""
        return Append(contacts_key(subject), b"".join(records), self._ttl(subject))

    async def cut_if_long(self, subject: SubjectId, length: int | None) -> None:
        """Cut a history that has become so many bytes long, if that is too long and the store does it.

        Whoever appends has its contacts either way, and one that comes later cuts.
        """
        if length is None or length <= self._short:
            return
        # One that stays long, because much of it is needed, is not looked through each time.
        if self._looks is not None and length // CONTACT.itemsize % self._keep < _OFTEN:
            looks = self._looks()
            if looks is not None:
                with suppress(Unavailable):
                    await self._cut(subject, looks)

    async def add_each(self, subject: SubjectId, contacts: Mapping[str, bytes], days: int | None = None) -> int:
        """Append those contacts, by mark, whose mark is not set, all in one step; returns how many marks were new.

        The marks last `days` (else `repeat_days`).
        """
        key = contacts_key(subject)
        marks = [mark_key(subject, contact_mark(mark)) for mark in contacts]
        mark_ttl = self._mark_ttl if days is None else days * DAY
        async with self._turns.of(subject):
            for attempt in range(ATTEMPTS):
                blob, *found = await self._store.get_many([key, *marks])
                new = [
                    (mark, added)
                    for mark, added, seen in zip(marks, contacts.values(), found, strict=True)
                    if seen is None
                ]
                if not new:
                    return 0
                longer = b"".join([blob or b"", *(added for _, added in new)])
                lasting = [(mark, mark_ttl) for mark, _ in new]
                if await self._store.compare_and_put(key, blob, longer, self._ttl(subject), lasting):
                    await self.cut_if_long(subject, len(longer))
                    return len(new)
                # Writers that wait for different times do not meet again and again.
                await asyncio.sleep(random.random() * 0.001 * min(attempt, 20))
        raise Conflict(f"The contacts of {subject} changed {ATTEMPTS} times while one was being added; try again.")

    async def remove(self, subject: SubjectId, records: Iterable[bytes]) -> None:
        """Take contacts out of the history, as far as they are there."""
        key, gone, size = contacts_key(subject), frozenset(records), CONTACT.itemsize
        for attempt in range(ATTEMPTS):
            (blob,) = await self._store.get_many([key])
            if blob is None:
                return
            each = (blob[at : at + size] for at in range(0, len(blob), size))
            left = b"".join(record for record in each if record not in gone)
            if left == blob or await self._store.compare_and_put(key, blob, left or None, self._ttl(subject)):
                return
            # Writers that wait for different times do not meet again and again.
            await asyncio.sleep(random.random() * 0.001 * min(attempt, 20))
        raise Conflict(f"The contacts of {subject} changed {ATTEMPTS} times while some were taken back.")

    async def delete(self, subject: SubjectId) -> bool:
        """Forget the history; says whether there was one."""
        return await self._store.delete([contacts_key(subject)]) == 1

    async def _cut(self, subject: SubjectId, looks: Iterable[Look]) -> None:
        (blob,) = await self._store.get_many([contacts_key(subject)])
        history = read_contacts(blob)
        if not len(history):
            return
        order = np.argsort(history["at"], kind="stable")
        before = order[: -self._keep]
        # A few contacts with a wrong date, years ahead, do not tell what time it is.
        now = Instant(int(history["at"][order[-1 - self._keep // _DATED_AHEAD]]))
        before = before[needed(history, looks, now)[before]]
        latest = np.sort(np.concatenate((before[-3 * self._keep :], order[-self._keep :])))
        # When somebody appended meanwhile nothing is cut, and the next append tries again.
        await self._store.compare_and_put(contacts_key(subject), blob, history[latest].tobytes(), self._ttl(subject))

    def _ttl(self, subject: SubjectId) -> int | None:
        return self._visitor_ttl if is_visitor(subject) else None
