"""Decides: load the subject, call the engine, reserve contacts, journal, answer; without a part where one fails."""

import asyncio
import time
from random import Random

import msgspec

from decision.clock import Clock
from decision.decision_id import new_decision_id
from decision.engine.engine import decide, fallback_decision
from decision.engine.request import Decision
from decision.journal.journal import Journal
from decision.journal.record import DecisionRecord
from decision.logs import log
from decision.metrics import DECISION_SECONDS, DECISIONS, DEGRADED, REASONS, counter
from decision.service.admission import Ask
from decision.service.answer import DecisionAnswer, OfferAnswer
from decision.service.decision_index import DecisionIndex, IndexedDecision
from decision.subject.contacts import Contacts
from decision.subject.identities import Subject
from decision.subject.profile import encode_profile
from decision.subject.state import NOBODY, SubjectState, SubjectStates
from rules.contact import contact_record, read_contacts
from rules.errors import Unavailable
from rules.ids import DecisionId, Instant, ModelVersion

RESERVATIONS = 50
"""How often a decision is made again because somebody else contacted the same subject meanwhile."""

DECISION_KIND = "decision"
"""The kind of contact that a decision itself is."""


class Made(msgspec.Struct, frozen=True, eq=False):
    """A decision and what it was made from; `state` is None when the subject could not be loaded."""

    id: DecisionId
    written: Instant
    now: Instant
    seed: int
    state: SubjectState | None
    decision: Decision
    missing: tuple[str, ...]
    fallen_back: bool = False


class Deciding:
    """Decisions about one snapshot each; `random` draws ids and seeds, `clock` tells the time."""

    def __init__(
        self,
        states: SubjectStates,
        contacts: Contacts,
        index: DecisionIndex,
        journal: Journal,
        clock: Clock,
        random: Random,
        deadline_ms: int,
    ) -> None:
        self._states = states
        self._contacts = contacts
        self._index = index
        self._journal = journal
        self._clock = clock
        self._random = random
        # The engine and the journal need the rest of the time.
        self._load_seconds = deadline_ms / 1000 * 0.6

    async def decide(self, ask: Ask) -> DecisionAnswer:
        """The slate, once its record is acknowledged; never raises for want of a store, model or profile."""
        begun = time.perf_counter()
        try:
            made = await self._make(ask)
        except Unavailable:
            made = self._fall_back(ask, "store")
        if not made.fallen_back and not ask.dry_run:
            made = await self._record(ask, made)
        self._count(ask, made, time.perf_counter() - begun)
        return self._answer(ask, made)

    async def _make(self, ask: Ask) -> Made:
        """Decide on the subject as it is, reserving the contacts; again when they changed in between."""
        for attempt in range(RESERVATIONS):
            state, missing = await self._load(ask)
            made = self._engine(ask, state, missing)
            if ask.dry_run or await self._reserve(ask, made):
                return made
            # Workers that wait for different times do not meet again and again.
            await asyncio.sleep(self._random.random() * 0.001 * attempt)
        return self._fall_back(ask, "contention")

    async def _load(self, ask: Ask) -> tuple[SubjectState | None, tuple[str, ...]]:
        if ask.customer is None and ask.visitor is None:
            return NOBODY, ()
        workspace = ask.snapshot.catalogue.workspace
        try:
            async with asyncio.timeout(self._load_seconds):
                return await self._states.load(ask.customer, ask.visitor, workspace), ()
        except TimeoutError:
            return None, ("profile",)

    def _engine(self, ask: Ask, state: SubjectState | None, missing: tuple[str, ...]) -> Made:
        written = self._clock()
        now = written if ask.at is None else ask.at
        seed = self._random.getrandbits(63)
        profile = None if state is None else state.profile
        history = None if state is None else read_contacts(state.contacts)
        decision = decide(ask.request, profile, history, ask.snapshot, now, seed, frozenset(missing))
        return Made(new_decision_id(written, self._random.getrandbits), written, now, seed, state, decision, missing)

    async def _reserve(self, ask: Ask, made: Made) -> bool:
        """Append the contacts; when caps count decisions, only if nobody else did since they were read."""
        # A subject that could not be loaded is contacted all the same, so it counts.
        subject = Subject(ask.customer, ask.visitor) if made.state is None else made.state.subject
        owner = subject.owner
        if owner is None or not made.decision.offers:
            return True
        records = [
            contact_record(made.now, shown.offer, DECISION_KIND, ask.channel, shown.rank)
            for shown in made.decision.offers
        ]
        if made.state is not None and self._is_capped(ask):
            return await self._contacts.add_if(owner, records, made.state.owned)
        await self._contacts.add(owner, records)
        return True

    @staticmethod
    def _is_capped(ask: Ask) -> bool:
        return any(
            entry.count == DECISION_KIND and ask.channel in entry.channels
            for entry in ask.snapshot.catalogue.workspace.contact_policy
        )

    async def _record(self, ask: Ask, made: Made) -> Made:
        """Journal the decision, and index it for its outcomes.

        When the store does not acknowledge, the same slate is answered: the record may have arrived all the same, and
        then it must be true.
        """
        record, indexed = self._record_of(ask, made), self._indexed(ask, made)
        try:
            await asyncio.gather(self._journal.append(record), self._index.put(made.id, indexed))
        except Unavailable as error:
            log.error("journal_unavailable", decision=made.id, error=str(error))
            decision = msgspec.structs.replace(made.decision, degraded=(*made.decision.degraded, "journal"))
            return msgspec.structs.replace(made, decision=decision)
        return made

    def _record_of(self, ask: Ask, made: Made) -> DecisionRecord:
        state = made.state
        return DecisionRecord(
            id=made.id,
            written=made.written,
            now=made.now,
            seed=made.seed,
            customer=ask.customer if state is None else state.subject.customer,
            visitor=ask.visitor,
            request=ask.request,
            profile=b"" if state is None else encode_profile(state.profile),
            contacts=b"" if state is None else state.contacts,
            catalogue=ask.snapshot.catalogue.version,
            model=self._model(ask),
            decision=made.decision,
            degraded_inputs=made.missing,
        )

    def _indexed(self, ask: Ask, made: Made) -> IndexedDecision:
        customer = ask.customer if made.state is None else made.state.subject.customer
        offers = tuple(shown.offer for shown in made.decision.offers)
        return IndexedDecision(ask.request.placement, ask.channel, made.now, customer, ask.visitor, offers)

    def _fall_back(self, ask: Ask, cause: str) -> Made:
        """The placement's fallback from memory; it is neither journalled nor counted as a contact."""
        written = self._clock()
        now = written if ask.at is None else ask.at
        decision = fallback_decision(ask.request, ask.snapshot, now, frozenset({cause}))
        id = new_decision_id(written, self._random.getrandbits)
        return Made(id, written, now, 0, None, decision, (cause,), True)

    @staticmethod
    def _model(ask: Ask) -> ModelVersion | None:
        return ask.snapshot.placement(ask.request.placement).version

    def _answer(self, ask: Ask, made: Made) -> DecisionAnswer:
        catalogue = ask.snapshot.catalogue
        format = catalogue.workspace.placements[ask.request.placement].format
        offers = tuple(
            OfferAnswer(
                shown.offer,
                shown.rank,
                shown.propensity,
                shown.value,
                shown.score,
                shown.probability,
                catalogue.offers.creative(ask.snapshot.rows[shown.offer], format),
                shown.reasons,
            )
            for shown in made.decision.offers
        )
        return DecisionAnswer(
            decision=made.id,
            placement=ask.request.placement,
            offers=offers,
            group=made.decision.group,
            degraded=made.decision.degraded,
            catalogue=catalogue.version,
            model=self._model(ask),
            customer=ask.customer if made.state is None else made.state.subject.customer,
            visitor=ask.visitor,
        )

    def _count(self, ask: Ask, made: Made, seconds: float) -> None:
        placement, decision = ask.request.placement, made.decision
        counter(DECISIONS, placement, decision.group).inc()
        DECISION_SECONDS.labels(placement).observe(seconds)
        for cause in decision.degraded:
            counter(DEGRADED, cause).inc()
        for reason, number in decision.counts.items():
            counter(REASONS, placement, reason).inc(number)
        for shown in decision.offers:
            for reason in shown.reasons:
                counter(REASONS, placement, reason).inc()
        log.info(
            "decision",
            decision=made.id,
            placement=placement,
            channel=ask.channel,
            customer=ask.customer,
            visitor=ask.visitor,
            offers=[shown.offer for shown in decision.offers],
            group=decision.group,
            degraded=decision.degraded,
            dry_run=ask.dry_run,
            milliseconds=round(seconds * 1000, 3),
        )
