"""Replay: deciding again what a journal record says was decided."""

import msgspec

from decision.engine.engine import decide
from decision.engine.request import Decision
from decision.engine.snapshot import Snapshot
from decision.journal.record import DecisionRecord
from decision.subject.profile import Profile, decode_profile
from rules.contact import ContactHistory, read_contacts
from rules.errors import Conflict

_encoder = msgspec.msgpack.Encoder(order="deterministic")


class GivenInputs(msgspec.Struct, frozen=True, eq=False):
    """What the engine was given about the subject, and what it went without."""

    profile: Profile
    history: ContactHistory
    without: frozenset[str]


def inputs_of(record: DecisionRecord) -> GivenInputs:
    """The engine's inputs in a record; what the decision went without, it goes without again."""
    without = frozenset(record.decision.degraded) | frozenset(record.degraded_inputs)
    return GivenInputs(decode_profile(record.profile), read_contacts(record.contacts), without)


def replay(record: DecisionRecord, snapshot: Snapshot) -> Decision:
    """The decision made again; `snapshot` holds the record's catalogue and model.

    Raises `Conflict` when it holds others, or when another system decided.
    """
    if record.source != "live":
        raise Conflict(f"Decision {record.id} was imported from another system, so it cannot be decided again.")
    if record.catalogue != snapshot.catalogue.version:
        raise Conflict(
            f"Decision {record.id} was made with catalogue {record.catalogue}, not {snapshot.catalogue.version}; "
            "replay it with that version."
        )
    served = snapshot.placement(record.request.placement).version
    if record.model != served:
        raise Conflict(
            f"Decision {record.id} was made with model {record.model or 'none'}, not {served or 'none'}; "
            "replay it with that version."
        )
    given = inputs_of(record)
    return decide(record.request, given.profile, given.history, snapshot, record.now, record.seed, given.without)


def same_decision(one: Decision, other: Decision) -> bool:
    """Whether two decisions are the same bit for bit (as values compare, NaN would differ from itself)."""
    return _encoder.encode(one) == _encoder.encode(other)
