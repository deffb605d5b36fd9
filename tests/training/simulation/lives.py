"""Persons who come again and again, decided as the service would: each contact counts in the decisions that follow."""

import random
from collections import defaultdict

from decision.engine.engine import decide
from decision.engine.request import DecisionRequest
from decision.engine.snapshot import Snapshot
from decision.journal.record import DecisionRecord, OutcomeRecord
from decision.subject.profile import Profile, encode_profile
from models.model import Model
from rules.catalogue import Catalogue
from rules.contact import DECISION_KIND, contact_record, decision_tag, read_contacts
from rules.ids import CustomerId, DecisionId, GoalId, Instant, PlacementId
from tests.training.shop import GOAL, START, response

HOUR = 3_600_000
PLACES = (PlacementId("home"), PlacementId("call"), PlacementId("mail"))
PERSONS = 80


def lives(
    catalogue: Catalogue,
    visits: int,
    seed: int,
    model: Model | None = None,
    *,
    accepting: bool = True,
    every: int = HOUR // 4,
) -> tuple[list[DecisionRecord], list[OutcomeRecord]]:
    """Decisions on all placements, with the histories that they make; the same visits for any catalogue.

    There is one `every` so many milliseconds. Whoever is `accepting` may accept what is shown, which counts as a
    contact, too.
    """
    models: dict[GoalId, Model] = {} if model is None else {GOAL: model}
    snapshot = Snapshot.build(catalogue, models)
    histories: dict[str, bytes] = defaultdict(bytes)
    decisions, outcomes = [], []
    for number in range(visits):
        drawn = random.Random(f"{seed} {number}")
        person, place = drawn.randrange(PERSONS), drawn.choice(PLACES)
        customer = CustomerId(f"guest-{person}")
        tier = "gold" if person % 2 else "silver"
        profile = Profile({"tier": tier, "age": 20 + person, "member": person % 3 == 0}, consents={"email": True})
        now, chosen = Instant(START + number * every), drawn.getrandbits(63)
        request = DecisionRequest(place, {"device": drawn.choice(("phone", "desktop"))})
        contacts = histories[customer]
        decision = decide(request, profile, read_contacts(contacts), snapshot, now, chosen)
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
                contacts=contacts,
                catalogue=catalogue.version,
                model=None if model is None else model.version,
                decision=decision,
            )
        )
        channel, tag = catalogue.workspace.placements[place].channel, decision_tag(id)
        for shown in decision.offers:
            histories[customer] += contact_record(now, shown.offer, DECISION_KIND, channel, shown.rank, tag)
        for shown in decision.offers if accepting else ():
            if random.Random(f"{seed} {number} {shown.offer}").random() < response(tier, shown.offer, shown.rank):
                at = Instant(now + 60_000)
                outcomes.append(
                    OutcomeRecord(f"{id}-{shown.rank}", at, at, id, shown.offer, "accept", customer, None, 10.0)
                )
                histories[customer] += contact_record(at, shown.offer, "accept", channel, shown.rank, tag)
    return decisions, outcomes
