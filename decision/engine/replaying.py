"""Replay: deciding again what a journal record says was decided."""

from collections.abc import Mapping

import msgspec

from decision.engine.engine import Judged, decide_judged
from decision.engine.request import Decision
from decision.engine.snapshot import Snapshot
from decision.engine.terms import NO_TERMS, Prices, Terms
from decision.journal.record import DecisionRecord
from decision.subject.profile import Profile, decode_profile
from rules.contact import ContactHistory, read_contacts
from rules.errors import Conflict
from rules.ids import GoalId, ModelVersion

_encode = msgspec.msgpack.Encoder(order="deterministic").encode


class GivenInputs(msgspec.Struct, frozen=True, eq=False):
    """What the engine was given about the subject and of volume limits, and what it went without."""

    profile: Profile
    history: ContactHistory
    without: frozenset[str]
    terms: Terms


def inputs_of(record: DecisionRecord, prices: Prices | None = None) -> GivenInputs:
    """The engine's inputs in a record, with its prices; what the decision went without, it goes without again."""
    without = frozenset(record.decision.degraded) | frozenset(record.degraded_inputs)
    terms = NO_TERMS if record.terms is None else Terms(record.terms.room, prices)
    return GivenInputs(decode_profile(record.profile), read_contacts(record.contacts), without, terms)


def replay(record: DecisionRecord, snapshot: Snapshot, prices: Prices | None = None) -> Decision:
    """The decision made again; `snapshot` holds the record's catalogue and model, `prices` are the record's if any.

    Raises `Conflict` when they are others, or when another system decided.
    """
    return replay_judged(record, snapshot, prices).decision


def replay_judged(record: DecisionRecord, snapshot: Snapshot, prices: Prices | None = None) -> Judged:
    """The same, with what more is known of it."""
    if record.source != "live":
        raise Conflict(f"Decision {record.id} was imported from another system, so it cannot be decided again.")
    if record.catalogue != snapshot.catalogue.version:
        raise Conflict(
            f"Decision {record.id} was made with catalogue {record.catalogue}, not {snapshot.catalogue.version}; "
            "replay it with that version."
        )
    placement = snapshot.placement(record.request.placement, record.decision.group)
    made_with, served = _told(record.model, record.further_models), _told(placement.version, placement.further_models)
    if made_with != served:
        raise Conflict(f"Decision {record.id} was made with model {made_with}, not {served}; replay it with that one.")
    priced, given_prices = (
        None if record.terms is None else record.terms.prices,
        None if prices is None else prices.version,
    )
    if priced != given_prices:
        raise Conflict(
            f"Decision {record.id} was made with prices {priced or 'none'}, not {given_prices or 'none'}; "
            "replay it with that version."
        )
    given = inputs_of(record, prices)
    return decide_judged(
        record.request,
        given.profile,
        given.history,
        snapshot,
        record.now,
        record.seed,
        given.without,
        terms=given.terms,
        group=record.decision.group,
    )


def comes_out_the_same(record: DecisionRecord, snapshot: Snapshot, prices: Prices | None = None) -> bool:
    """Whether the decision, and what a challenger would have done, are the same when made again, bit for bit."""
    again = replay_judged(record, snapshot, prices)
    return same_decision(again.decision, record.decision) and _encode(again.shadow) == _encode(record.shadow)


def _told(model: ModelVersion | None, further: Mapping[GoalId, ModelVersion]) -> str:
    """A placement's models in words, equal for the same ones."""
    return ", ".join([model or "none", *(f"{version} for goal {goal}" for goal, version in sorted(further.items()))])


def same_decision(one: Decision, other: Decision) -> bool:
    """Whether two decisions are the same bit for bit (as values compare, NaN would differ from itself)."""
    return _encode(one) == _encode(other)
