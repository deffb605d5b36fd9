"""A shop with a holdout and an experiment, whose customers spend more where the arm decides, and less held out."""

import random

from decision.engine.engine import decide
from decision.engine.request import DecisionRequest
from decision.engine.snapshot import Snapshot
from decision.journal.record import DecisionRecord, EventRecord, OutcomeRecord, Record
from decision.subject.profile import EMPTY_PROFILE, encode_profile
from rules.catalogue import Catalogue
from rules.contact import NO_CONTACTS
from rules.division import HOLDOUT
from rules.ids import CustomerId, DecisionId, Instant, PlacementId
from rules.package import pack, unpack
from tests.training.shop import MINUTE, SMALL, START

HOME, CALL = PlacementId("home"), PlacementId("call")
DIVIDED = """
[holdout]
share = 0.2

[[experiment]]
id = "levers"
placements = ["home", "call"]
arms = [{ id = "none", share = 0.5, without_levers = ["house-brands", "corte-spring"] }]
"""


def divided_package(division: str = DIVIDED) -> bytes:
    """The small workspace, divided."""
    toml = (SMALL / "concierge.toml").read_text() + division
    return pack(toml.encode(), (SMALL / "offers.csv").read_bytes(), "offers.csv")


def divided_shop(division: str = DIVIDED) -> Catalogue:
    """The catalogue of it."""
    return unpack(divided_package(division))


def chance(group: str) -> float:
    """How likely a decision brings something."""
    return {HOLDOUT: 0.2, "levers/none": 0.6}.get(group, 0.4)


def divided_visits(catalogue: Catalogue, people: int, seed: int, first: Instant = START) -> list[Record]:
    """Each of some people is decided for twice at home and once in a call, and sometimes accepts, for ten."""
    snapshot, drawn = Snapshot.build(catalogue, {}), random.Random(seed)
    records: list[Record] = []
    for number in range(3 * people):
        placement = (HOME, CALL, HOME)[number // people]
        person = f"{seed}-{number % people}"
        now, bits = Instant(first + number * MINUTE), drawn.getrandbits(63)
        group = catalogue.division.group(placement, f"c:{person}")
        request = DecisionRequest(placement)
        decision = decide(request, EMPTY_PROFILE, NO_CONTACTS, snapshot, now, bits, group=group)
        id = DecisionId(f"{now:012x}{seed:04x}{number:016x}")
        records.append(
            DecisionRecord(
                id=id,
                written=now,
                now=now,
                seed=bits,
                customer=CustomerId(person),
                visitor=None,
                request=request,
                profile=encode_profile(EMPTY_PROFILE),
                contacts=b"",
                catalogue=catalogue.version,
                model=None,
                decision=decision,
            )
        )
        if drawn.random() < chance(group):
            offer = decision.offers[0].offer if decision.offers else None
            at = Instant(now + MINUTE)
            records.append(OutcomeRecord(f"o{id}", at, at, id, offer, "accept", CustomerId(person), None, 10.0))
            records.append(EventRecord(f"e{id}", at, at, CustomerId(person), None, "booking", {}, 7.0))
    return records
