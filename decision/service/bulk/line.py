"""One decision of a batch on its way, and what becomes of it where something fails."""

import asyncio
from collections.abc import Iterable

import msgspec

from decision.keys import SubjectId
from decision.service.admission import Ask
from decision.service.answer import DecisionAnswer
from decision.service.bulk.task import Outcome, Task, Weighed
from decision.service.made import Draw
from decision.service.recorder import Written
from decision.subject.identities import Subject
from decision.subject.state import SubjectState
from decision.subject.turns import Turn

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

    @property
    def reservation(self) -> tuple[SubjectId, bytes, int] | None:
        """Whose history gets which contacts if it is still so many bytes long; None where none have to be reserved."""
        if self.turn is None or self.state is None or self.without or self.weighed is None or not self.weighed.contacts:
            return None
        owner = self.state.subject.owner
        return None if owner is None else (owner, self.weighed.contacts, self.state.owned)

    def task(self, draw: Draw) -> Task:
        """What it is to be weighed with."""
        ask, state = self.ask, self.state
        return Task(
            ask.request,
            ask.channel,
            ask.customer,
            ask.visitor,
            None if state is None else state.subject.customer,
            None if state is None else state.blob,
            None if state is None else state.contacts,
            self.without if state is None else (*self.without, *state.without),
            draw,
        )

    def take(self, outcome: Outcome) -> None:
        """What became of its task."""
        if isinstance(outcome, Weighed):
            self.weighed, self.answer = outcome, outcome.answer
        else:
            self.fail(RuntimeError(outcome))

    def fail(self, error: Exception) -> None:
        """It is not decided, for something is wrong with the program."""
        self.weighed, self.answer = None, error

    def lose(self) -> None:
        """The store is away: what the placement shows then can be answered, but not stored."""
        self.state, self.without, self.lost, self.weighed = None, ("store",), True, None

    def written(self, weighed: Weighed) -> Written:
        """What is written down of it once it is weighed."""
        # A subject that could not be loaded is contacted all the same, so it counts.
        subject = Subject(self.ask.customer, self.ask.visitor) if self.state is None else self.state.subject
        owner = subject.owner if weighed.contacts and not self.reserved else None
        return Written(weighed.id, weighed.record, weighed.index_entry, owner, (weighed.contacts,))

    def unacknowledged(self, weighed: Weighed) -> None:
        """Nobody said that it is written down: the same slate is answered, and says so."""
        degraded = (*weighed.outline.degraded, "journal")
        outline = msgspec.structs.replace(weighed.outline, degraded=degraded)
        self.weighed = msgspec.structs.replace(weighed, outline=outline)
        answer = _answers.decode(weighed.answer)
        self.answer = msgspec.json.encode(msgspec.structs.replace(answer, degraded=degraded))


def leave(lines: Iterable[Line]) -> None:
    """Give the turns to those behind."""
    for line in lines:
        if line.turn is not None and line.place is not None:
            if line.place.done():
                line.turn.give()
            line.place.cancel()
            line.place = None
