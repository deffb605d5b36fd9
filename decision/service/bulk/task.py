"""One decision of many as bytes: what it is made from, and all that its worker then stores and answers.

Both are the same in any process, so whoever weighs a task needs no store, no clock and no chance.
"""

import traceback

import msgspec

from decision.engine.request import Decision, DecisionRequest
from decision.engine.snapshot import Snapshot
from decision.journal.record import encode_record
from decision.service.admission import Ask
from decision.service.decision_index import encode_entry
from decision.service.made import Draw, Made, answer_of, contacts_of, index_entry_of, make_or_fall_back, record_of
from decision.subject.identities import Subject
from decision.subject.profile import decode_profile
from decision.subject.state import SubjectState
from rules.ids import CustomerId, DecisionId, OfferId, VisitorId
from rules.workspace import Channel

_encoder = msgspec.json.Encoder()


class Task(msgspec.Struct, frozen=True, array_like=True):
    """A question about a subject; `profile` and `contacts` are None when the subject could not be loaded.

    `customer` is who was asked for, `known_as` whom the visitor is linked to.
    """

    request: DecisionRequest
    channel: Channel
    customer: CustomerId | None
    visitor: VisitorId | None
    known_as: CustomerId | None
    profile: bytes | None
    contacts: bytes | None
    without: tuple[str, ...]
    draw: Draw


class Weighed(msgspec.Struct, frozen=True, array_like=True):
    """A decision ready to be stored and sent: journal record, index entry, contacts, and the answer as JSON.

    `offers` and `outline` are for logs and figures: the outline is the decision without its slate, and counts what the
    slate shows, too.
    """

    id: DecisionId
    record: bytes
    index_entry: bytes
    contacts: bytes
    answer: bytes
    offers: tuple[OfferId, ...]
    outline: Decision


Outcome = Weighed | str
"""A decision, or why it could not be made, for the log."""


def weigh_task(snapshot: Snapshot, task: Task) -> Outcome:
    """Decide, and write down all that follows."""
    try:
        return _weighed(*_made(snapshot, task))
    except Exception:
        # It must not cost the others of the same batch theirs.
        return traceback.format_exc()


def _made(snapshot: Snapshot, task: Task) -> tuple[Ask, Made]:
    ask = Ask(snapshot, task.request, task.channel, task.customer, task.visitor, None, False)
    state = None
    if task.profile is not None and task.contacts is not None:
        subject = Subject(task.known_as, task.visitor)
        state = SubjectState(
            subject, decode_profile(task.profile), task.profile, task.contacts, len(task.contacts), True
        )
    return ask, make_or_fall_back(ask, state, task.without, task.draw)


def _weighed(ask: Ask, made: Made) -> Weighed:
    decision = made.decision
    reasons = dict(decision.counts)
    for shown in decision.offers:
        for reason in shown.reasons:
            reasons[reason] = reasons.get(reason, 0) + 1
    return Weighed(
        id=made.draw.id,
        record=encode_record(record_of(ask, made)),
        index_entry=encode_entry(index_entry_of(ask, made)),
        contacts=b"".join(contacts_of(ask, made)),
        answer=_encoder.encode(answer_of(ask, made)),
        offers=tuple(shown.offer for shown in decision.offers),
        outline=Decision((), decision.group, decision.degraded, reasons),
    )
