"""Decides for many at once: the same steps as for one, each of them for a whole batch."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Iterable, Sequence
from itertools import groupby
from random import Random

import msgspec

from decision.clock import Clock
from decision.decision_id import new_decision_id
from decision.figures import figures
from decision.logs import log
from decision.service.admission import Ask
from decision.service.answer import DecisionAnswer
from decision.service.deadline import Deadline
from decision.service.deciding import LOAD_SHARE, RESERVATIONS
from decision.service.engines import Engines
from decision.service.gathering import parts
from decision.service.made import Draw
from decision.service.passage import Passage
from decision.service.recorder import Recorder, Written
from decision.service.task import Task, Weighed
from decision.subject.contacts import Contacts
from decision.subject.identities import Subject
from decision.subject.state import NOBODY, SubjectState, SubjectStates
from decision.subject.turns import Turn, Turns
from rules.errors import Unavailable

SECONDS = 10.0
"""The deadline of a batch: no page waits for a campaign, so it rather waits than leaves a customer out."""

WRITTEN_AT_ONCE = 16
"""How many records go to the store together: it answers nobody else until all of them are on disk."""

KEEP = SECONDS * (1.0 - LOAD_SHARE)

Answer = bytes | Exception
"""A `DecisionAnswer` as JSON, or why there is none."""

_answers = msgspec.json.Decoder(DecisionAnswer)


class Line(msgspec.Struct, eq=False):
    """One decision of a batch on its way; `place` is its turn among those whose contacts have to be reserved."""

    ask: Ask
    turn: Turn | None
    place: asyncio.Future[None] | None
    state: SubjectState | None = None
    without: tuple[str, ...] = ()
    weighed: Weighed | None = None
    answer: Answer = b""
    lost: bool = False
    """Whether the store is away, so that it can neither be journalled nor counted as a contact."""
    reserved: bool = False


class BulkDeciding:
    """Decisions in batches; what `Deciding` says of one holds for each of them."""

    def __init__(
        self,
        states: SubjectStates,
        contacts: Contacts,
        recorder: Recorder,
        engines: Engines,
        passage: Passage,
        clock: Clock,
        random: Random,
    ) -> None:
        self._states = states
        self._contacts = contacts
        self._recorder = recorder
        # Its own: a single decision does not wait for a batch, but makes it decide again.
        self._turns = Turns()
        self._engines = engines
        self._passage = passage
        self._clock = clock
        self._random = random
        # Bound once: the module's own looks up its configuration anew for every line.
        self._log = log.bind()

    @property
    def window(self) -> int:
        """How many batches keep everybody busy: two at each engine, one being loaded, and one being stored."""
        return 2 * self._engines.processes + 2

    async def decide(self, asks: Sequence[Ask]) -> list[Answer]:
        """The answers in order, once their records are acknowledged.

        Decisions that reserve contacts are made one after another for each subject, in the order of the batches and
        of their lines; the others of a batch do not wait for them.
        """
        lines = [self._queued(ask) for ask in asks]
        waiting = [line for line in lines if line.place is not None and not line.place.done()]
        ready = [line for line in lines if line.place is None or line.place.done()]
        try:
            while ready or waiting:
                if not ready:
                    places = [line.place for line in waiting if line.place is not None]
                    await asyncio.wait(places, return_when=asyncio.FIRST_COMPLETED)
                else:
                    for _, same in groupby(ready, key=lambda line: line.ask.snapshot):
                        await self._decide(list(same))
                    _leave(ready)
                ready = [line for line in waiting if line.place is None or line.place.done()]
                waiting = [line for line in waiting if line.place is not None and not line.place.done()]
        finally:
            _leave(lines)
        return [line.answer for line in lines]

    async def close(self) -> None:
        """End the processes that weigh."""
        await self._engines.close()

    def _queued(self, ask: Ask) -> Line:
        capped = not ask.dry_run and ask.snapshot.placement(ask.request.placement).capped
        owner = Subject(ask.customer, ask.visitor).owner if capped else None
        if owner is None:
            return Line(ask, None, None)
        turn = self._turns.of(owner)
        return Line(ask, turn, turn.queue())

    async def _decide(self, lines: list[Line]) -> None:
        """Load, weigh, reserve and record lines of one snapshot, of which no two wait for each other."""
        begun = time.perf_counter()
        deadline = Deadline(SECONDS)
        left = lines
        for attempt in range(RESERVATIONS):
            await self._load(left, deadline)
            await self._weigh(left)
            left = await self._reserve(left, deadline)
            if not left or deadline.left <= KEEP:
                break
            # Workers that wait for different times do not meet again and again.
            await deadline.pause(self._random.random() * 0.001 * attempt)
        if left:
            # What the contact policy counts stays closed, so nothing has to be reserved.
            for line in left:
                line.without = ("contention", "history")
            await self._weigh(left)
        await self._weigh([line for line in lines if line.lost and line.weighed is None])
        await self._record([line for line in lines if not line.ask.dry_run and not line.lost], deadline)
        self._count(lines, time.perf_counter() - begun)

    async def _load(self, lines: list[Line], deadline: Deadline) -> None:
        for line in lines:
            if line.ask.customer is None and line.ask.visitor is None:
                line.state = NOBODY
        lines = [line for line in lines if line.state is not NOBODY]
        if not lines:
            return
        await self._passage.take()
        people = [(line.ask.customer, line.ask.visitor) for line in lines]
        try:
            with deadline.waiting(KEEP):
                states = await self._states.load_all(people, lines[0].ask.snapshot.catalogue.workspace)
        except TimeoutError:
            for line in lines:
                line.without = ("history", "profile") if line.state is None else ("contention", "history")
        except Unavailable:
            _lose(lines)
        else:
            for line, state in zip(lines, states, strict=True):
                line.state = state

    async def _weigh(self, lines: list[Line]) -> None:
        if not lines:
            return
        await self._passage.take()
        tasks = [self._task(line) for line in lines]
        outcomes = await self._engines.weigh(lines[0].ask.snapshot, tasks)
        for line, outcome in zip(lines, outcomes, strict=True):
            if isinstance(outcome, Weighed):
                line.weighed, line.answer = outcome, outcome.answer
            else:
                line.weighed, line.answer = None, RuntimeError(outcome)

    def _task(self, line: Line) -> Task:
        ask, state = line.ask, line.state
        written, bits = self._clock(), self._random.getrandbits
        now = written if ask.at is None else ask.at
        draw = Draw(new_decision_id(written, bits), written, now, bits(63))
        return Task(
            ask.request,
            ask.channel,
            ask.customer,
            ask.visitor,
            None if state is None else state.subject.customer,
            None if state is None else state.blob,
            None if state is None else state.contacts,
            line.without if state is None else (*line.without, *state.without),
            draw,
        )

    async def _reserve(self, lines: list[Line], deadline: Deadline) -> list[Line]:
        """Append the contacts of each only if nobody else did since they were read; gives those to decide again."""
        asked: list[tuple[Line, Awaitable[bool]]] = []
        for line in lines:
            if line.turn is None or line.state is None or line.without or line.weighed is None:
                continue
            owner = line.state.subject.owner
            line.reserved = owner is None or not line.weighed.contacts
            if owner is not None and line.weighed.contacts:
                asked.append((line, self._contacts.add_if(owner, (line.weighed.contacts,), line.state.owned)))
        if not asked:
            return []
        try:
            with deadline.waiting():
                results = await asyncio.gather(*(call for _, call in asked), return_exceptions=True)
        except TimeoutError:
            results = [Unavailable("The store does not answer.")] * len(asked)
        again = []
        for (line, _), result in zip(asked, results, strict=True):
            if isinstance(result, Unavailable):
                _lose([line])
            elif isinstance(result, BaseException):
                line.weighed, line.answer = None, RuntimeError(result)
            elif result:
                line.reserved = True
            else:
                again.append(line)
        return again

    async def _record(self, lines: list[Line], deadline: Deadline) -> None:
        """Journal the decisions, index them for their outcomes, and count as contacts those that are not reserved.

        When the store does not acknowledge, the same slates are answered: the records may have arrived all the same,
        and then they must be true.
        """
        await self._passage.take()
        written = [_written(line, line.weighed) for line in lines if line.weighed is not None]
        try:
            for part in parts(written, WRITTEN_AT_ONCE):
                with deadline.waiting():
                    await self._recorder.record(*part)
        except (Unavailable, TimeoutError) as error:
            log.error("journal_unavailable", decisions=len(lines), error=str(error) or "no answer before the deadline")
            for line in lines:
                _unacknowledged(line)

    def _count(self, lines: list[Line], seconds: float) -> None:
        told = self._log.is_enabled_for(logging.INFO)
        for line in lines:
            ask, weighed = line.ask, line.weighed
            if weighed is None:
                continue
            if not ask.dry_run:
                figures.decided(ask.request.placement, weighed.outline, seconds)
            if told:
                self._log.info(
                    "decision",
                    decision=weighed.id,
                    placement=ask.request.placement,
                    channel=ask.channel,
                    customer=ask.customer,
                    visitor=ask.visitor,
                    offers=weighed.offers,
                    group=weighed.outline.group,
                    degraded=weighed.outline.degraded,
                    dry_run=ask.dry_run,
                    milliseconds=round(seconds * 1000, 3),
                )


def _leave(lines: Iterable[Line]) -> None:
    """Give the turns to those behind."""
    for line in lines:
        if line.turn is not None and line.place is not None:
            if line.place.done():
                line.turn.give()
            line.place.cancel()
            line.place = None


def _written(line: Line, weighed: Weighed) -> Written:
    # A subject that could not be loaded is contacted all the same, so it counts.
    subject = Subject(line.ask.customer, line.ask.visitor) if line.state is None else line.state.subject
    owner = subject.owner if weighed.contacts and not line.reserved else None
    return Written(weighed.id, weighed.record, weighed.index_entry, owner, (weighed.contacts,))


def _lose(lines: Iterable[Line]) -> None:
    """The store is away: what the placement shows then can be answered, but not stored."""
    for line in lines:
        line.state, line.without, line.lost, line.weighed = None, ("store",), True, None


def _unacknowledged(line: Line) -> None:
    if line.weighed is None:
        return
    outline = line.weighed.outline
    outline = msgspec.structs.replace(outline, degraded=(*outline.degraded, "journal"))
    line.weighed = msgspec.structs.replace(line.weighed, outline=outline)
    answer = _answers.decode(line.weighed.answer)
    line.answer = msgspec.json.encode(msgspec.structs.replace(answer, degraded=outline.degraded))
