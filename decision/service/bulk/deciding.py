"""Decides for many at once: the same steps as for one, each of them for a whole batch."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby, repeat
from random import Random

from decision.logs import log
from decision.service.admission import Ask
from decision.service.bulk.holding import Holding
from decision.service.bulk.keeping import Keeping
from decision.service.bulk.line import KeptAnswer, Line, leave
from decision.service.bulk.passage import Passage
from decision.service.bulk.patience import pauses
from decision.service.bulk.reserving import Reserving
from decision.service.deadline import Deadline
from decision.service.deciding import HOLDS, LOAD_SHARE, RESERVATIONS
from decision.service.gathering import parts
from decision.service.made import Draw, Made
from decision.service.recorder import Recorder, Written
from decision.service.telling import Telling
from decision.service.volumes import Volumes
from decision.subject.contacts import Contacts
from decision.subject.identities import Subject
from decision.subject.state import NOBODY, SubjectState, SubjectStates
from decision.subject.turns import Turns
from rules.errors import Unavailable
from rules.ids import DecisionId

SECONDS = 10.0
"""The deadline of a batch: no page waits for a campaign, so it rather waits than leaves a customer out."""

WRITTEN_AT_ONCE = 32
"""How many records go to the store together: it answers nobody else until all of them are on disk."""

KEEP = SECONDS * (1.0 - LOAD_SHARE)


Decided = Made | KeptAnswer | Exception
"""A decision, or what was answered before, or why there is none: something is wrong with the program."""


class BulkDeciding:
    """Decisions in batches, made in this process; what `Deciding` says of one holds for each of them.

    `draw` gives each its id, moment and seed. Others who use this process's loop have their turn through a `passage`.
    """

    def __init__(
        self,
        states: SubjectStates,
        contacts: Contacts,
        volumes: Volumes,
        recorder: Recorder,
        keeping: Keeping,
        draw: Callable[[Ask, SubjectState | None], Draw],
        random: Random,
        passage: Passage | None = None,
    ) -> None:
        self._states = states
        self._holding = Holding(volumes)
        self._reserving = Reserving(contacts, keeping, self._holding)
        self._recorder = recorder
        self._keeping = keeping
        # Its own: a single decision does not wait for a batch, but makes it decide again.
        self._turns = Turns()
        self._draw = draw
        self._random = random
        self._passage = passage
        self._telling = Telling()

    async def decide(self, asks: Sequence[Ask], names: Sequence[str | None] | None = None) -> list[Decided]:
        """The decisions in order, once their records are acknowledged.

        What is asked under a name is decided once: asked again, it is finished and gives what it gave before.

        Decisions that reserve contacts are made one after another for each subject, in the order of the batches and
        of their lines; the others of a batch do not wait for them.
        """
        asked = self._lines(asks, names or repeat(None, len(asks)))
        lines = [*dict.fromkeys(asked)]
        waiting = [line for line in lines if line.place is not None and not line.place.done()]
        ready = [line for line in lines if line.place is None or line.place.done()]
        try:
            while ready or waiting:
                if not ready:
                    places = [line.place for line in waiting if line.place is not None]
                    await asyncio.wait(places, return_when=asyncio.FIRST_COMPLETED)
                else:
                    for _, same in groupby(ready, key=lambda line: line.ask.snapshot):
                        # Who waited for the store in vain does not wait again for each that follows.
                        seconds = 0.0 if any(line.lost for line in lines) else SECONDS
                        await self._decide(list(same), Deadline(seconds))
                    leave(ready)
                ready = [line for line in waiting if line.place is None or line.place.done()]
                waiting = [line for line in waiting if line.place is not None and not line.place.done()]
        finally:
            leave(lines)
        return [line.kept or line.made or line.error or AssertionError("a line was left undecided") for line in asked]

    async def finish(self) -> None:
        """Return once what was decided and not shown is taken back, if the store lets it."""
        await self._recorder.finish()

    def _lines(self, asks: Sequence[Ask], names: Iterable[str | None]) -> list[Line]:
        """The line of each; what is asked under one name is one line."""
        named: dict[str, Line] = {}
        lines: list[Line] = []
        for ask, name in zip(asks, names, strict=False):
            line = named.get(name or "") or self._queued(ask, name)
            if line.name is not None:
                named[line.name] = line
            lines.append(line)
        return lines

    def _queued(self, ask: Ask, name: str | None) -> Line:
        capped = not ask.dry_run and ask.snapshot.placement(ask.request.placement).capped
        owner = Subject(ask.customer, ask.visitor).owner if capped else None
        if owner is None:
            return Line(ask, None, None, None if ask.dry_run else name)
        turn = self._turns.of(owner)
        return Line(ask, turn, turn.queue(), name)

    async def _decide(self, lines: list[Line], deadline: Deadline) -> None:
        """Load, weigh, reserve and record lines of one snapshot, of which no two wait for each other."""
        begun = time.perf_counter()
        left = lines
        for attempt in range(RESERVATIONS):
            await self._load(left, deadline)
            left = await self._not_kept(left, deadline)
            await self._weigh(left, deadline)
            left = await self._reserving.reserve(left, deadline)
            await self._holding.release(left, deadline)
            if not left or deadline.left <= KEEP:
                break
            # Workers that wait for different times do not meet again and again.
            await deadline.pause(self._random.random() * 0.001 * attempt)
        if left:
            # What the contact policy counts stays closed, so nothing has to be reserved.
            for line in left:
                line.without = ("contention", "history")
            await self._weigh(left, deadline)
            await self._reserving.reserve([line for line in left if line.name is not None], deadline)
        await self._record([line for line in lines if not line.ask.dry_run and not line.lost], deadline)
        await self._weigh([line for line in lines if line.lost and line.made is None], deadline)
        seconds = time.perf_counter() - begun
        for line in lines:
            if (made := line.made) is not None and line.kept is None:
                self._telling.tell(line.ask, made.draw.id, made.decision, seconds, made.shadow)

    async def _load(self, lines: list[Line], deadline: Deadline) -> None:
        for line in lines:
            if line.ask.customer is None and line.ask.visitor is None:
                line.state = NOBODY
        lines = [line for line in lines if line.state is not NOBODY]
        if not lines:
            return
        people = [(line.ask.customer, line.ask.visitor) for line in lines]
        workspace = lines[0].ask.snapshot.catalogue.workspace
        for pause in pauses():
            await self._pass()
            try:
                with deadline.waiting(deadline.left * (1.0 - LOAD_SHARE)):
                    states = await self._states.load_all(people, workspace)
            except TimeoutError:
                for line in lines:
                    line.without = ("history", "profile") if line.state is None else ("contention", "history")
                return
            except Unavailable:
                if deadline.left <= 0:
                    for line in lines:
                        line.lose()
                    return
                await deadline.pause(pause)
            else:
                for line, state in zip(lines, states, strict=True):
                    line.state = state
                return

    async def _not_kept(self, lines: list[Line], deadline: Deadline) -> list[Line]:
        """The lines for which no answer is kept from a time before."""
        named = [line for line in lines if line.name is not None and not line.lost]
        for pause in pauses() if named else ():
            try:
                with deadline.waiting():
                    await self._keeping.find(named)
                break
            except (Unavailable, TimeoutError):
                if deadline.left <= 0:
                    for line in named:
                        line.lose()
                    break
                await deadline.pause(pause)
        return [line for line in lines if line.kept is None and line.error is None]

    async def _weigh(self, lines: list[Line], deadline: Deadline) -> None:
        """Decide, and hold what slates take of volume limits; again where others took it, and in the end without."""
        allotment = self._holding.allotment()
        for attempt in range(HOLDS + 1):
            for line in lines:
                await self._pass()
                if attempt == HOLDS:
                    line.do_without("volume")
                line.weigh(self._draw(line.ask, line.state), allotment)
            lines = await self._holding.hold(lines, allotment, deadline)
            if not lines:
                return

    async def _pass(self) -> None:
        if self._passage is not None:
            await self._passage.take()

    async def _record(self, lines: list[Line], deadline: Deadline) -> None:
        """Journal the decisions, index them for their outcomes, and count as contacts those that are not reserved.

        When the store does not acknowledge, the same slates are answered: the records may have arrived all the same,
        and then they must be true. Only slates that take of volume limits are not, for who knows whether they did.
        """
        await self._pass()
        decided = [line for line in lines if line.kept is not None or line.made is not None]
        for part in parts(decided, WRITTEN_AT_ONCE):
            decisions = [line.written for line in part]
            try:
                lapsed = await self._write(decisions, deadline)
            except (Unavailable, TimeoutError) as error:
                told = str(error) or "no answer before the deadline"
                log.error("journal_unavailable", decisions=len(part), error=told)
                for line in part:
                    self._recorder.withdraw(*line.withdrawals)
                    line.unacknowledged()
            else:
                for line, written in zip(part, decisions, strict=True):
                    if written.id in lapsed:
                        self._recorder.withdraw(*line.withdrawals)
                        line.lose()

    async def _write(self, decisions: list[Written], deadline: Deadline) -> frozenset[DecisionId]:
        """Write decisions down; gives those for which something was held no more."""
        record = self._recorder.record
        for pause in pauses():
            try:
                with deadline.waiting():
                    return await record(*decisions)
            except Unavailable:
                if deadline.left <= 0:
                    raise
            await deadline.pause(pause)
            record = self._recorder.repeat
        raise AssertionError("the pauses have no end")
