"""A decision once it is made, and all that follows from it without asking anybody: the same in any process."""

from random import Random

import msgspec

from decision.clock import Clock
from decision.decision_id import new_decision_id
from decision.engine.engine import decide_judged
from decision.engine.request import Decision, Shadow
from decision.engine.snapshot import ReadyPlacement
from decision.engine.terms import NO_TERMS, Terms
from decision.engine.verdict import Codes
from decision.journal.record import DecisionRecord, GivenTerms, WithdrawalRecord
from decision.service.admission import Ask
from decision.service.answer import DecisionAnswer, OfferAnswer
from decision.service.claims import Claim, claims_of
from decision.service.decision_index import IndexedDecision
from decision.service.lap import Lap, untimed
from decision.service.volumes import Wanted
from decision.service.withdrawing import Withdrawal
from decision.subject.identities import Subject
from decision.subject.moment import moment_of
from decision.subject.state import SubjectState
from rules.contact import decision_contacts, read_contacts
from rules.division import HOLDOUT
from rules.errors import Damaged
from rules.ids import DecisionId, Instant


class Draw(msgspec.Struct, frozen=True, array_like=True):
    """What chance and the clock give to a decision: its id, when it was made, the moment it is for, and its seed."""

    id: DecisionId
    written: Instant
    now: Instant
    seed: int


def draw_now(clock: Clock, random: Random, ask: Ask, state: SubjectState | None) -> Draw:
    """A new draw, for the moment that is asked for, or else for now."""
    written, bits = clock(), random.getrandbits
    now = moment_of(b"" if state is None else state.contacts, written, written) if ask.at is None else ask.at
    return Draw(new_decision_id(written, bits), written, now, bits(63))


class Made(msgspec.Struct, frozen=True, eq=False):
    """A decision and what it was made from; `state` is None when the subject could not be loaded.

    `reserved` says that its contacts are in the history, `recorded` that all of it is written down, and `claims` are
    what is held for it of volume limits.
    `verdicts` is the final `Reason` of every candidate, and `shadow` what the challenger would have done.
    """

    draw: Draw
    state: SubjectState | None
    decision: Decision
    verdicts: Codes
    without: tuple[str, ...]
    terms: Terms = NO_TERMS
    reserved: bool = False
    recorded: bool = False
    claims: tuple[Claim, ...] = ()
    shadow: Shadow | None = None

    def subject(self, ask: Ask) -> Subject:
        """Whom it counts for: one that could not be loaded is contacted all the same."""
        return Subject(ask.customer, ask.visitor) if self.state is None else self.state.subject


def group_of(ask: Ask, state: SubjectState | None) -> str:
    """The group of whom it is asked about: of the customer a visitor is, if that could be read."""
    subject = Subject(ask.customer, ask.visitor) if state is None else state.subject
    return ask.snapshot.catalogue.division.group(ask.request.placement, subject.owner)


def make(
    ask: Ask,
    state: SubjectState | None,
    without: tuple[str, ...],
    draw: Draw,
    lap: Lap = untimed,
    terms: Terms = NO_TERMS,
    *,
    falls_back: bool = False,
) -> Made:
    """Decide; same arguments, same decision, bit for bit.

    Of a subject that could not be loaded in time, units of volume limits cannot be held in time either: what is limited
    is left out. A profile of which only the outline could be read is given up when the rest cannot. Where nothing may
    be shown to somebody unknown, the placement says what to show instead if it `falls_back`.
    """
    parts = without
    if state is not None:
        parts = (*without, *state.without)
    elif ask.snapshot.placement(ask.request.placement).bound.volumes.own and not {"store", "volume"} & set(without):
        parts = (*without, "volume")
    profile = None if state is None else state.profile
    group = group_of(ask, state)
    history = None if state is None else read_contacts(state.contacts)
    try:
        decision, verdicts, shadow = decide_judged(
            ask.request, profile, history, ask.snapshot, draw.now, draw.seed, frozenset(parts), lap, terms, group
        )
    except Damaged as error:
        if state is None or state.damage:
            raise
        return make(ask, state.damaged(error), without, draw, lap, terms, falls_back=falls_back)
    if falls_back and state is None and not decision.offers and decision.group != HOLDOUT:
        return make(ask, None, (*without, "store"), draw, lap)
    return Made(draw, state, decision, verdicts, parts, terms, shadow=shadow)


def record_of(ask: Ask, made: Made) -> DecisionRecord:
    """What the journal keeps."""
    state, draw = made.state, made.draw
    placement = _placement(ask, made)
    return DecisionRecord(
        id=draw.id,
        written=draw.written,
        now=draw.now,
        seed=draw.seed,
        customer=made.subject(ask).customer,
        visitor=ask.visitor,
        request=ask.request,
        profile=b"" if state is None else state.blob,
        contacts=b"" if state is None else state.contacts,
        catalogue=ask.snapshot.catalogue.version,
        model=placement.version,
        decision=made.decision,
        degraded_inputs=made.without,
        terms=None if made.terms is NO_TERMS else GivenTerms(made.terms.room, _version(made.terms)),
        further_models=placement.further_models,
        shadow=made.shadow,
    )


def index_entry_of(ask: Ask, made: Made) -> IndexedDecision:
    """What its outcomes will need to know: they may come before the moment it is for, but not before it was made."""
    offers = tuple([shown.offer for shown in made.decision.offers])
    customer, at = made.subject(ask).customer, min(made.draw.now, made.draw.written)
    return IndexedDecision(ask.request.placement, ask.channel, at, customer, ask.visitor, offers)


def wanted_by(ask: Ask, made: Made) -> Wanted | None:
    """What its slate takes of volume limits, if it does; the fallback stands outside them."""
    bound = ask.snapshot.placement(ask.request.placement).bound
    if not bound.volumes.own or "store" in made.without:
        return None
    shown = [bound.position[shown.offer] for shown in made.decision.offers]
    claims = claims_of(bound.volumes, shown, made.draw.now)
    return Wanted(made.draw.id, claims, bound.volumes, bound.spec.slots, made.draw.now) if claims else None


def contacts_of(ask: Ask, made: Made) -> list[bytes]:
    """The contacts that its slate makes."""
    shown = [one.offer for one in made.decision.offers]
    return decision_contacts(made.draw.now, shown, ask.channel, made.draw.id)


def withdrawal_of(ask: Ask, made: Made) -> Withdrawal:
    """What takes it back."""
    subject = made.subject(ask)
    record = WithdrawalRecord(made.draw.id, made.draw.written, "", subject.customer, ask.visitor)
    return Withdrawal(record, subject.owner, tuple(contacts_of(ask, made)), made.claims)


def answer_of(ask: Ask, made: Made) -> DecisionAnswer:
    """What the caller gets."""
    catalogue, rows, placement = ask.snapshot.catalogue, ask.snapshot.rows, _placement(ask, made)
    creative, format = catalogue.offers.creative, placement.bound.spec.format
    offers = [
        OfferAnswer(
            shown.offer,
            shown.rank,
            shown.propensity,
            shown.value,
            shown.score,
            shown.probability,
            creative(rows[shown.offer], format),
            shown.reasons,
        )
        for shown in made.decision.offers
    ]
    return DecisionAnswer(
        decision=made.draw.id,
        placement=ask.request.placement,
        offers=tuple(offers),
        group=made.decision.group,
        degraded=made.decision.degraded,
        catalogue=catalogue.version,
        model=placement.version,
        customer=made.subject(ask).customer,
        visitor=ask.visitor,
        further_models=placement.further_models,
    )


def _version(terms: Terms) -> str | None:
    return None if terms.prices is None else terms.prices.version


def _placement(ask: Ask, made: Made) -> ReadyPlacement:
    """The placement as the group has it that this was decided in."""
    return ask.snapshot.placement(ask.request.placement, made.decision.group)
