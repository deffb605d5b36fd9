"""One decision of a batch on its way, and what becomes of it where something fails."""

import asyncio
from collections.abc import Iterable

import msgspec

from decision.engine.terms import NO_TERMS
from decision.journal.record import encode_record
from decision.keys import SubjectId
from decision.service.admission import Ask
from decision.service.answer import DecisionAnswer
from decision.service.bulk.allotment import Allotment
from decision.service.claims import Claim
from decision.service.decision_index import encode_entry
from decision.service.made import (
    Draw,
    Made,
    answer_of,
    contacts_of,
    index_entry_of,
    make,
    record_of,
    wanted_by,
    withdrawal_of,
)
from decision.service.recorder import Written
from decision.service.volumes import KNOWN_SECONDS, Wanted, settles
from decision.service.withdrawing import Withdrawal
from decision.subject.contacts import Seen
from decision.subject.identities import Subject
from decision.subject.state import SubjectState
from decision.subject.turns import Turn
from rules.ids import DecisionId, Instant

KEPT_SECONDS = 86_400
"""How long the answers of a bulk are kept."""

KEPT_KNOWN_SECONDS = KEPT_SECONDS + 3_600
"""How long a decision whose answer is kept is known to have taken its units: as long as anybody may finish it again."""

_answers = msgspec.json.Decoder(DecisionAnswer)


class KeptAnswer(msgspec.Struct, frozen=True, array_like=True):
    """All that is needed to finish a decision: what is written down of it, what it holds, and its answer as JSON."""

    id: DecisionId
    at: Instant
    record: bytes
    entry: bytes
    claims: tuple[Claim, ...]
    answer: bytes

    @property
    def written(self) -> Written:
        """What is written down of it, perhaps once more; its contacts are in the history since it is kept."""
        return Written(self.id, self.record, self.entry, None, (), settles(self.id, self.claims, KEPT_KNOWN_SECONDS))

    def degraded(self, part: str) -> "KeptAnswer":
        """The same slate, which says that it went without a part."""
        answer = _answers.decode(self.answer)
        told = msgspec.structs.replace(answer, degraded=(*answer.degraded, part))
        return msgspec.structs.replace(self, answer=msgspec.json.encode(told))


class Line(msgspec.Struct, eq=False):
    """One decision of a batch on its way; `place` is its turn among those whose contacts have to be reserved.

    Of a bulk that may be sent again a line has a `name`, and `kept` is what it was answered before.
    """

    ask: Ask
    turn: Turn | None
    place: asyncio.Future[None] | None
    name: str | None = None
    kept: KeptAnswer | None = None
    state: SubjectState | None = None
    without: tuple[str, ...] = ()
    made: Made | None = None
    error: Exception | None = None
    """Why it is not decided: something is wrong with the program."""
    lost: bool = False
    """Whether the store is away, so that it can neither be journalled nor counted as a contact."""

    @property
    def asked(self) -> SubjectId | None:
        """Whom the question is about, by the name that it gives."""
        return Subject(self.ask.customer, self.ask.visitor).owner

    @property
    def owner(self) -> SubjectId | None:
        """Whom it counts for; one that could not be loaded is contacted all the same."""
        return self.asked if self.state is None else self.state.subject.owner

    @property
    def reservation(self) -> tuple[SubjectId | None, list[bytes], Seen | None] | None:
        """Whose history gets which contacts if it still ends where it was seen to; None where none are reserved.

        A line with a name reserves in any case, for its answer is kept in the same step.
        """
        if self.made is None or self.ask.dry_run or self.lost:
            return None
        guarded = self.turn is not None and self.state is not None and "history" not in self.without
        if self.name is None and not (guarded and self.owner is not None and self.made.decision.offers):
            return None
        contacts = contacts_of(self.ask, self.made) if self.owner is not None else []
        return self.owner, contacts, self.state.seen if guarded and self.state is not None else None

    @property
    def wanted(self) -> Wanted | None:
        """What it takes of volume limits, if it does."""
        return None if self.made is None else wanted_by(self.ask, self.made)

    def weigh(self, draw: Draw, allotment: Allotment) -> None:
        """Decide on what is known, and on what the lines before it leave."""
        try:
            bound = self.ask.snapshot.placement(self.ask.request.placement).bound
            terms = NO_TERMS
            if bound.volumes.own:
                terms = allotment.terms(bound.volumes, bound.spec.slots, draw.now)
            self.made = make(self.ask, self.state, self.without, draw, terms=terms, falls_back=True)
            if (wanted := self.wanted) is not None:
                allotment.take(wanted.claims)
        except Exception as error:
            # It must not cost the others of the same batch theirs.
            self.fail(error)

    def reserved(self) -> None:
        """Its contacts are in the history."""
        assert self.made is not None
        self.made = msgspec.structs.replace(self.made, reserved=True)

    def held(self, wanted: Wanted) -> None:
        """What it takes of volume limits is held for it."""
        assert self.made is not None
        self.made = msgspec.structs.replace(self.made, claims=wanted.claims)

    def do_without(self, part: str) -> None:
        """Weigh it without a part from now on."""
        self.without = (*self.without, part)

    def fail(self, error: Exception) -> None:
        """It is not decided."""
        self.made, self.kept, self.error = None, None, error

    def lose(self) -> None:
        """The store is away: what the placement shows then can be answered, but not stored."""
        self.state, self.without, self.lost, self.made, self.kept = None, ("store",), True, None, None

    def draft(self) -> KeptAnswer:
        """What is kept of it."""
        ask, made = self.ask, self.made
        assert made is not None
        record, entry = encode_record(record_of(ask, made)), encode_entry(index_entry_of(ask, made))
        answer = msgspec.json.encode(answer_of(ask, made))
        return KeptAnswer(made.draw.id, made.draw.now, record, entry, made.claims, answer)

    @property
    def written(self) -> Written:
        """What is written down of it."""
        if self.kept is not None:
            return self.kept.written
        ask, made = self.ask, self.made
        assert made is not None
        # A subject that could not be loaded is contacted all the same, so it counts.
        owner = made.subject(ask).owner if made.decision.offers and not made.reserved else None
        contacts = () if owner is None else contacts_of(ask, made)
        record, entry = encode_record(record_of(ask, made)), encode_entry(index_entry_of(ask, made))
        known = KNOWN_SECONDS if self.name is None else KEPT_KNOWN_SECONDS
        return Written(made.draw.id, record, entry, owner, contacts, settles(made.draw.id, made.claims, known))

    @property
    def withdrawals(self) -> tuple[Withdrawal, ...]:
        """What takes it back where it is not shown; with a name it is not, for it may be asked again and finished."""
        made = self.made
        return (withdrawal_of(self.ask, made),) if self.name is None and made is not None and made.claims else ()

    def unacknowledged(self) -> None:
        """Nobody said that it is written down: the same slate is answered, and says so.

        Not one that takes of volume limits, for who knows whether it did.
        """
        made, kept = self.made, self.kept
        if self.written.settles:
            self.lose()
        elif kept is not None:
            self.kept = kept.degraded("journal")
        elif made is not None:
            decision = msgspec.structs.replace(made.decision, degraded=(*made.decision.degraded, "journal"))
            self.made = msgspec.structs.replace(made, decision=decision)


def leave(lines: Iterable[Line]) -> None:
    """Give the turns to those behind."""
    for line in lines:
        if line.turn is not None and line.place is not None:
            if line.place.done():
                line.turn.give()
            line.place.cancel()
            line.place = None
