"""Decides: load the subject, call the engine, reserve contacts, journal, answer; without a part where one fails."""

import time
from collections.abc import Awaitable
from random import Random

import msgspec

from decision.clock import Clock
from decision.journal.record import encode_record
from decision.keys import SubjectId
from decision.logs import log
from decision.service.admission import Ask
from decision.service.answer import DecisionAnswer
from decision.service.deadline import Deadline, Pulse
from decision.service.decision_index import encode_entry
from decision.service.lap import Lap, untimed
from decision.service.made import (
    Draw,
    Made,
    answer_of,
    contacts_of,
    draw_now,
    index_entry_of,
    make,
    record_of,
    wanted_by,
    withdrawal_of,
)
from decision.service.recorder import Recorder, Written
from decision.service.sitting import Sitting
from decision.service.telling import Telling
from decision.service.volumes import Volumes, settles
from decision.store.port import Refused, Unfinished
from decision.subject.contacts import Contacts
from decision.subject.identities import Subject
from decision.subject.state import NOBODY, SubjectState, SubjectStates
from decision.subject.turns import Turn, Turns
from rules.errors import Unavailable

HOLDS = 50
"""How often a decision is made again because others took the last units of a volume limit, each time without these."""

RESERVATIONS = 50
"""How often a decision is made again because somebody else contacted the same subject meanwhile."""

LOAD_SHARE = 0.6
"""How much of its deadline a decision waits for the subject; reserving and journalling need the rest."""


class Deciding:
    """Decisions about one snapshot each; `random` draws ids and seeds, `clock` tells the time."""

    def __init__(
        self,
        states: SubjectStates,
        contacts: Contacts,
        volumes: Volumes,
        recorder: Recorder,
        clock: Clock,
        random: Random,
        deadline_ms: int,
    ) -> None:
        self._states = states
        self._contacts = contacts
        self._volumes = volumes
        self._recorder = recorder
        self._clock = clock
        self._random = random
        self._seconds = deadline_ms / 1000
        self._keep = self._seconds * (1.0 - LOAD_SHARE)
        self._turns = Turns()
        self._pulse = Pulse()
        self._sitting = Sitting()
        self.under_way = 0
        self._telling = Telling()

    async def decide(self, ask: Ask, lap: Lap = untimed) -> DecisionAnswer:
        """The slate, once its record is acknowledged; never raises for want of a store, model or profile.

        `lap` is told each stage as it ends.
        """
        begun = time.perf_counter()
        deadline = Deadline(self._seconds, self._pulse)
        turn = self._turn(ask)
        self.under_way += 1
        try:
            if turn is None:
                state, without = await self._load(ask, deadline)
                made = await self._make(ask, state, without, deadline, lap)
            elif turn.take_if_free() or await self._take(turn, deadline):
                try:
                    made = await self._reserved(ask, deadline, lap)
                finally:
                    turn.give()
            else:
                made = make(ask, None, ("contention", "history", "profile"), self._draw(ask, None), lap)
            if not ask.dry_run and not made.recorded:
                made = await self._record(ask, made, deadline)
                lap("journal")
        except (Unavailable, TimeoutError):
            # The store is away, so this can neither be journalled nor counted as a contact.
            made = make(ask, None, ("store",), self._draw(ask, None), lap)
        finally:
            self.under_way -= 1
        self._telling.tell(ask, made.draw.id, made.decision, time.perf_counter() - begun, made.shadow)
        return answer_of(ask, made)

    async def finish(self) -> None:
        """Return once what was decided and not shown is taken back, if the store lets it."""
        await self._recorder.finish()

    def _turn(self, ask: Ask) -> Turn | None:
        """The turn of a subject whose contacts have to be reserved: these are decided for one after another."""
        if ask.dry_run or not ask.snapshot.placement(ask.request.placement).capped:
            return None
        owner = Subject(ask.customer, ask.visitor).owner
        return None if owner is None else self._turns.of(owner)

    async def _take(self, turn: Turn, deadline: Deadline) -> bool:
        """Wait for the turn; says whether it came in time."""
        try:
            with deadline.waiting(self._keep):
                await turn.take()
        except TimeoutError:
            return False
        return True

    async def _reserved(self, ask: Ask, deadline: Deadline, lap: Lap) -> Made:
        """Decide on the subject as it is and reserve the contacts; again when other workers' changed in between."""
        contended: SubjectState | None = None
        for attempt in range(RESERVATIONS):
            state, without = await self._load(ask, deadline)
            if state is None and contended is not None:
                break
            made = await self._make(ask, state, without, deadline, lap)
            if state is None:
                return made
            reserved = await self._reserve(ask, made, state, deadline)
            lap("journal" if reserved is not None and reserved.recorded else "reserve")
            if reserved is not None:
                return reserved
            with deadline.waiting():
                await self._volumes.release([(made.draw.id, made.claims)])
            contended = state
            if deadline.left <= self._keep:
                break
            # Workers that wait for different times do not meet again and again.
            await deadline.pause(self._random.random() * 0.001 * attempt)
        # What the contact policy counts stays closed, so nothing has to be reserved.
        return await self._make(ask, contended, ("contention", "history"), deadline, lap)

    def _make(
        self, ask: Ask, state: SubjectState | None, without: tuple[str, ...], deadline: Deadline, lap: Lap
    ) -> Awaitable[Made]:
        """Decide, within volume limits where there are any."""
        if state is None or not ask.snapshot.placement(ask.request.placement).bound.volumes.own:
            return self._sitting.make(ask, state, without, self._draw(ask, state), lap)
        return self._within_limits(ask, state, without, deadline, lap)

    async def _within_limits(
        self, ask: Ask, state: SubjectState, without: tuple[str, ...], deadline: Deadline, lap: Lap
    ) -> Made:
        """Decide, and hold what the slate takes of volume limits; again where others took it, with what they left.

        Where nothing can be held in time, it is decided without all that is limited. A dry run only looks.
        """
        bound = ask.snapshot.placement(ask.request.placement).bound
        # What was too little once is not asked for again, so that each refusal leaves less to be refused.
        refused: dict[int, int] = {}
        for _ in range(HOLDS):
            draw = self._draw(ask, state)
            terms = self._volumes.shortage.terms(bound.volumes, draw.now)
            if refused:
                terms = terms.with_room(refused)
            made = await self._sitting.make(ask, state, without, draw, lap, terms)
            wanted = wanted_by(ask, made)
            if wanted is None:
                return made
            try:
                with deadline.waiting():
                    if ask.dry_run:
                        short = await self._volumes.look(wanted)
                    else:
                        (short,) = await self._volumes.reserve([wanted])
            except (Unavailable, TimeoutError):
                break
            lap("reserve")
            if not short:
                return made if ask.dry_run else msgspec.structs.replace(made, claims=wanted.claims)
            refused.update(short)
        return await self._sitting.make(ask, state, (*without, "volume"), self._draw(ask, state), lap)

    async def _load(self, ask: Ask, deadline: Deadline) -> tuple[SubjectState | None, tuple[str, ...]]:
        customer, visitor, states = ask.customer, ask.visitor, self._states
        if customer is None and visitor is None:
            return NOBODY, ()
        try:
            with deadline.waiting(self._keep):
                own = await states.read(customer, visitor)
                state = states.alone(customer, visitor, own)
                if state is None:
                    state = await states.joined(customer, visitor, own, ask.snapshot.catalogue.workspace)
        except TimeoutError:
            return None, ("history", "profile")
        return state, ()

    def _draw(self, ask: Ask, state: SubjectState | None) -> Draw:
        return draw_now(self._clock, self._random, ask, state)

    async def _reserve(self, ask: Ask, made: Made, state: SubjectState, deadline: Deadline) -> Made | None:
        """Append the contacts, unless somebody else did since they were read: then there is None.

        The decision is written down in the same step, but for one that holds units of volume limits: these lie apart.
        Raises `Unavailable` or `TimeoutError`; what may have been written down all the same is withdrawn then.
        """
        owner = state.subject.owner
        if owner is None or not made.decision.offers:
            return msgspec.structs.replace(made, reserved=True)
        try:
            with deadline.waiting():
                if made.claims:
                    added = await self._contacts.add_if(owner, contacts_of(ask, made), state.seen)
                else:
                    added = await self._recorder.record_if(_written(ask, made, owner), state.seen)
        except Refused:
            raise
        except Unfinished as error:
            return _unacknowledged(made, error)
        except (Unavailable, TimeoutError):
            self._recorder.withdraw(withdrawal_of(ask, made))
            raise
        return msgspec.structs.replace(made, reserved=True, recorded=not made.claims) if added else None

    async def _record(self, ask: Ask, made: Made, deadline: Deadline) -> Made:
        """Journal the decision, index it for its outcomes, and count it as a contact unless that was done.

        When the store does not acknowledge, the same slate is answered: the record may have arrived all the same, and
        then it must be true. Only a slate that takes of volume limits is not, for who knows whether it took anything:
        it is withdrawn, and this raises `Unavailable` or `TimeoutError`.
        """
        owner = made.subject(ask).owner if made.decision.offers and not made.reserved else None
        written = _written(ask, made, owner)
        try:
            with deadline.waiting():
                lapsed = await self._recorder.record(written)
        except (Unavailable, TimeoutError) as error:
            if made.claims:
                self._recorder.withdraw(withdrawal_of(ask, made))
                raise
            return _unacknowledged(made, error)
        if lapsed:
            self._recorder.withdraw(withdrawal_of(ask, made))
            raise Unavailable(f"What was held for decision {made.draw.id} was not written down in time.")
        return made


def _written(ask: Ask, made: Made, owner: SubjectId | None) -> Written:
    """What is written down of it, with its contacts for an `owner` that has not got them."""
    contacts = () if owner is None else contacts_of(ask, made)
    record, entry = encode_record(record_of(ask, made)), encode_entry(index_entry_of(ask, made))
    return Written(made.draw.id, record, entry, owner, contacts, settles(made.draw.id, made.claims))


def _unacknowledged(made: Made, error: Exception) -> Made:
    """The same, shown although its record may be missing."""
    log.error("journal_unavailable", decision=made.draw.id, error=str(error) or "no answer before the deadline")
    decision = msgspec.structs.replace(made.decision, degraded=(*made.decision.degraded, "journal"))
    return msgspec.structs.replace(made, decision=decision, reserved=True, recorded=True)
