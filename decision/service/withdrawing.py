"""Takes back decisions that nobody is shown, though they may have been written down: a hold was over, or nobody knows.

The record, the units and the contacts of a decision travel together, so that a killed worker leaves all of it or
nothing: one that was written down and never answered, like any whose caller went away. What is left to do here is about
a worker that lives, and it lasts until the store answers. Lost is then: what a worker that is killed before that, or
ends while the store is away, had still to take back, and units that were taken longer than `KNOWN_SECONDS` ago. Such
units stay counted: too many, never too few.
"""

import asyncio

import msgspec

from decision.journal.journal import journal_entry
from decision.journal.record import WithdrawalRecord, encode_record
from decision.keys import SubjectId, decision_key
from decision.logs import log
from decision.service.bulk.patience import pauses
from decision.service.claims import Claim
from decision.service.volumes import KNOWN_SECONDS
from decision.store.port import Settle, Store, settled_key
from decision.subject.contacts import Contacts
from decision.subject.profiles import ATTEMPTS
from rules.errors import ConciergeError, Conflict, Unavailable

FINISH_SECONDS = 5.0
"""How long a worker that ends waits for what it takes back."""


class Withdrawal(msgspec.Struct, frozen=True):
    """A decision that is not shown; `owner` may have got its contacts, and limits may count the units of `claims`."""

    record: WithdrawalRecord
    owner: SubjectId | None
    contacts: tuple[bytes, ...]
    claims: tuple[Claim, ...]


class Withdrawing:
    """Withdraws decisions in the background, each for as long as the store is away."""

    def __init__(self, store: Store, contacts: Contacts) -> None:
        self._store = store
        self._contacts = contacts
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, withdrawal: Withdrawal) -> None:
        """Take back, from now on."""
        task = asyncio.create_task(self._withdraw(withdrawal))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finish(self) -> None:
        """Return once everything is taken back, or after `FINISH_SECONDS` of a store that is away."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=FINISH_SECONDS)

    async def _withdraw(self, withdrawal: Withdrawal) -> None:
        log.warning("decision_withdrawn", decision=withdrawal.record.id)
        for pause in pauses():
            try:
                await self.withdraw(withdrawal)
                return
            except Unavailable:
                await asyncio.sleep(pause)
            except ConciergeError as error:
                log.error("decision_not_withdrawn", decision=withdrawal.record.id, error=str(error))
                return

    async def withdraw(self, withdrawal: Withdrawal) -> None:
        """Take back all that there is of it, whatever that is; to do it again changes nothing.

        Raises `Unavailable`, and `Conflict` where others write too often.
        """
        id, claims = withdrawal.record.id, withdrawal.claims
        # Whatever of the decision is still on its way finds nothing held any more, and takes nothing.
        ends = [Settle(claim.counter, id, 0) for claim in claims]
        await self._store.write([journal_entry(encode_record(withdrawal.record)), *ends])
        await self._store.delete([decision_key(id)])
        for claim in claims:
            await self._give_back(id, claim)
        if withdrawal.owner is not None:
            await self._contacts.remove(withdrawal.owner, withdrawal.contacts)

    async def _give_back(self, holder: str, claim: Claim) -> None:
        """Lower the counter if the holder is known to have taken units, and leave a mark in the same step."""
        mark = f"{claim.counter}:withdrawn:{holder}"
        for _ in range(ATTEMPTS):
            taken, settled, done = await self._store.get_many([claim.counter, settled_key(claim.counter, holder), mark])
            if taken is None or settled is None or done is not None:
                return
            left = b"%d" % max(int(taken) - claim.units, 0)
            if await self._store.compare_and_put(claim.counter, taken, left, claim.ttl, [(mark, 2 * KNOWN_SECONDS)]):
                return
        raise Conflict(f"Units of {claim.counter} were taken {ATTEMPTS} times meanwhile.")
