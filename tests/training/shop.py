"""Decisions of the small workspace on customers whose taste is known: gold ones like Alba, silver ones Corte."""

import math
import random
from pathlib import Path

import msgspec

from decision.engine.engine import decide
from decision.engine.request import DecisionRequest
from decision.engine.snapshot import Snapshot
from decision.journal.record import DecisionRecord, OutcomeRecord
from decision.subject.profile import Profile, encode_profile
from models.model import Model
from rules.catalogue import Catalogue
from rules.contact import NO_CONTACTS
from rules.ids import CustomerId, DecisionId, GoalId, Instant, PlacementId
from rules.package import pack, unpack

SMALL = Path(__file__).parents[1] / "workspaces" / "small"
GOAL = GoalId("accept")
HOME = PlacementId("home")
START = Instant(1_790_000_000_000)
MINUTE = 60_000
WEEK = 7 * 24 * 60 * MINUTE


def package(exploration: str = "{ epsilon = 0.1, temperature = 0.3 }", slots: int = 3) -> bytes:
    """The small workspace with another exploration and number of slots of its web placement."""
    toml = (SMALL / "concierge.toml").read_text()
    changed = toml.replace("{ epsilon = 0.1, temperature = 0.3 }", exploration).replace("slots = 3", f"slots = {slots}")
    return pack(changed.encode(), (SMALL / "offers.csv").read_bytes(), "offers.csv")


def shop(exploration: str = "{ epsilon = 1.0, temperature = 0.0 }", slots: int = 1) -> Catalogue:
    """The catalogue of `package`."""
    return unpack(package(exploration, slots))


def response(tier: str, offer: str, rank: int = 1) -> float:
    """The chance that a customer accepts."""
    liked = "alba" if tier == "gold" else "corte"
    return (0.3 if offer.startswith(liked) else 0.03) / rank


def visits(
    catalogue: Catalogue, count: int, seed: int, model: Model | None = None, first: Instant = START
) -> tuple[list[DecisionRecord], list[OutcomeRecord]]:
    """Decisions a minute apart and the outcomes they had, each an hour later."""
    snapshot = Snapshot.build(catalogue, {GOAL: model} if model else {})
    drawn = random.Random(seed)
    decisions, outcomes = [], []
    for number in range(count):
        tier = drawn.choice(("gold", "silver"))
        customer = CustomerId(f"{seed}-{number % 500}")
        profile = Profile(attributes={"tier": tier, "age": drawn.randrange(20, 80), "member": True})
        now = Instant(first + number * MINUTE)
        request = DecisionRequest(HOME, {"device": drawn.choice(("phone", "desktop"))})
        chosen = drawn.getrandbits(63)
        decision = decide(request, profile, NO_CONTACTS, snapshot, now, chosen)
        id = DecisionId(f"{now:012x}{seed:04x}{number:016x}")
        decisions.append(
            DecisionRecord(
                id=id,
                written=now,
                now=now,
                seed=chosen,
                customer=customer,
                visitor=None,
                request=request,
                profile=encode_profile(profile),
                contacts=b"",
                catalogue=catalogue.version,
                model=model.version if model else None,
                decision=decision,
            )
        )
        for shown in decision.offers:
            if drawn.random() < response(tier, shown.offer, shown.rank):
                at = Instant(now + 60 * MINUTE)
                outcome = f"{id}-{shown.rank}"
                outcomes.append(OutcomeRecord(outcome, at, at, id, shown.offer, "accept", customer, None, 10.0))
    return decisions, outcomes


def earnings(decisions: list[DecisionRecord], outcomes: list[OutcomeRecord]) -> float:
    """What the first offers earned per decision: the V of those accepted."""
    accepted = {(outcome.decision, outcome.offer) for outcome in outcomes}
    firsts = [(record.id, record.decision.offers[0]) for record in decisions if record.decision.offers]
    return math.fsum(shown.value for id, shown in firsts if (id, shown.offer) in accepted) / len(decisions)


def changed(record: DecisionRecord, **fields: object) -> DecisionRecord:
    """The record with other fields."""
    return msgspec.structs.replace(record, **fields)
