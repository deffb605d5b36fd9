"""Records of every kind for the journal's tests."""

from decision.engine.request import Decision, DecisionRequest, ShownOffer
from decision.journal.bundle import records_in
from decision.journal.record import (
    DecisionRecord,
    EventRecord,
    OutcomeRecord,
    ProfileRecord,
    Record,
    WithdrawalRecord,
    decode_record,
)
from decision.keys import JOURNAL
from decision.store.port import START, Store
from rules.ids import CatalogueVersion, CustomerId, DecisionId, Instant, ModelVersion, OfferId, PlacementId, VisitorId

NOW = Instant(1_790_000_000_000)


async def log_records(store: Store) -> list[Record]:
    """All records that the log holds."""
    entries = await store.read_log(JOURNAL, START, 100_000)
    return [decode_record(record) for _, entry in entries for record in records_in(entry)]


def decision(id: str, now: int = NOW, offers: int = 2) -> DecisionRecord:
    """A decision that showed some offers, the second without features."""
    shown = tuple(
        ShownOffer(
            offer=OfferId(f"offer-{rank}"),
            rank=rank,
            propensity=0.25 if rank == 1 else None,
            value=10.0,
            score=2.5 / rank,
            probability=0.5,
            reasons=("ranked",),
            features=(1.0, float("nan"), -3.5) if rank == 1 else (),
        )
        for rank in range(1, offers + 1)
    )
    return DecisionRecord(
        id=DecisionId(id),
        written=Instant(now + 1),
        now=Instant(now),
        seed=2**63 + 5,
        customer=CustomerId("ann"),
        visitor=None,
        request=DecisionRequest(PlacementId("home"), {"device": "phone", "tags": ("a", "b")}),
        profile=b"profile",
        contacts=b"",
        catalogue=CatalogueVersion("c" * 16),
        model=ModelVersion("m" * 16),
        decision=Decision(shown, "model", ("profile",), {"not_eligible": 3}),
    )


def outcome(id: str, of: str) -> OutcomeRecord:
    """An outcome of a decision's first offer."""
    return OutcomeRecord(
        id, NOW, Instant(NOW + 5), DecisionId(of), OfferId("offer-1"), "accept", CustomerId("ann"), None, 12.5
    )


def event(id: str) -> EventRecord:
    """A visitor's event."""
    return EventRecord(id, NOW, Instant(NOW - 5), None, VisitorId("v1"), "view", {"brand": "É"}, None)


def change(id: str) -> ProfileRecord:
    """A change of a profile."""
    return ProfileRecord(id, NOW, CustomerId("ann"), "link", b"blob", VisitorId("v1"), "login")


def withdrawal(of: str) -> WithdrawalRecord:
    """A decision taken back."""
    return WithdrawalRecord(DecisionId(of), NOW, "spring", CustomerId("ann"))


def one_of_each() -> list[Record]:
    """A record of every kind."""
    return [decision("d1"), outcome("o1", "d1"), event("e1"), change("p1"), decision("d2", offers=0)]
