"""What a simulation makes of a log under a change is what the change, run from the beginning, makes of the visits."""

import msgspec
import pytest

from decision.engine.replaying import replay
from decision.engine.snapshot import Snapshot
from decision.journal.record import DecisionRecord, GivenTerms
from decision.store.memory import MemoryStore
from decision.version.registry import Registry
from models.artefact import encode_artefact
from models.model import load_model
from rules.ids import OfferId, VolumeId
from rules.package import pack, unpack
from tests.decision.engine.small_models import rates_model
from tests.training.shop import GOAL, SMALL, START
from tests.training.simulation.lives import lives
from training.simulation.carried import CarriedContacts
from training.simulation.side import Logged, Side, names_of
from training.simulation.variant import Variant, variant_of

NOTHING = Logged({}, {})
TOML, OFFERS = (SMALL / "concierge.toml").read_text(), (SMALL / "offers.csv").read_bytes()
EARLIER = '\n[[volume]]\nid = "all"\nat_most = 900\nper = "theme"\n'
CHANGES = {
    "cap": (
        'id = "three-mails-a-week"\ncount = "decision"\nat_most = 3',
        'id = "three-mails-a-week"\ncount = "decision"\nat_most = 1',
    ),
    "lever": ("factor = 1.2", "factor = 3.0"),
    "candidates": ("candidates = \"offer.theme != 'spa'\"", "candidates = \"offer.theme != 'family'\""),
    "slots": ("slots = 3", "slots = 1"),
    "mandatory": ("at_most = { theme = 1 }", 'at_most = { theme = 1 }\nmandatory = ["alba-family"]'),
    "rule": ('holds = "customer.member"', 'holds = "has(customer.age) && customer.age > 40"'),
}


def package(*changes: str) -> bytes:
    """The small workspace with some changes."""
    toml = (SMALL / "concierge.toml").read_text()
    for name in changes:
        before, after = CHANGES[name]
        assert before in toml
        toml = toml.replace(before, after)
    return pack(toml.encode(), (SMALL / "offers.csv").read_bytes(), "offers.csv")


def simulated(records: list[DecisionRecord], blob: bytes) -> list[tuple[tuple[OfferId, ...], tuple[float, ...], bytes]]:
    """What a side makes of the records, each person on a path of its own."""
    side = Side(Variant(blob).snapshot(), NOTHING)
    paths: dict[str | None, CarriedContacts] = {}
    found = []
    for record in records:
        made = side.make(record, paths.setdefault(record.customer, CarriedContacts()))
        found.append((made.shown, made.probabilities, made.contacts))
    return found


def told(records: list[DecisionRecord]) -> list[tuple[tuple[OfferId, ...], tuple[float, ...], bytes]]:
    """The same of what was really decided."""
    return [
        (
            tuple(shown.offer for shown in record.decision.offers),
            tuple(shown.probability for shown in record.decision.offers),
            record.contacts,
        )
        for record in records
    ]


@pytest.mark.parametrize("change", [*CHANGES, None])
def test_a_simulated_course_is_the_course_that_the_change_would_take(change: str | None) -> None:
    changed = package(*(() if change is None else (change,)))
    logged, _ = lives(unpack(package()), 300, 1, accepting=False)
    really, _ = lives(unpack(changed), 300, 1, accepting=False)
    found = simulated(logged, changed)
    for (shown, probabilities, contacts), (offers, exact, history) in zip(found, told(really), strict=True):
        assert (shown, probabilities) == (offers, exact)
        # Contacts stand in another order, which counts for nothing.
        assert sorted(contacts[at : at + 24] for at in range(0, len(contacts), 24)) == sorted(
            history[at : at + 24] for at in range(0, len(history), 24)
        )
    differ = sum(one[0] != other[0] for one, other in zip(told(logged), found, strict=True))
    assert differ == 0 if change is None else differ > 10


def test_what_was_sold_out_stays_so_under_another_list_of_limits() -> None:
    limit = '[[volume]]\nid = "rooms"\nper = "id"\nat_most = 50\n'
    blob, other = (pack(toml.encode(), OFFERS, "offers.csv") for toml in (TOML + limit, f"{TOML}{EARLIER}{limit}"))
    side = Side(Variant(blob).snapshot(), NOTHING)
    places = names_of(side.snapshot.catalogue.volumes.places)
    (record, *_), _ = lives(side.snapshot.catalogue, 1, 1)
    first = record.decision.offers[0].offer
    sold = GivenTerms(((places.index((VolumeId("rooms"), None, first)), 0),))
    record = msgspec.structs.replace(record, terms=sold)
    record = msgspec.structs.replace(record, decision=replay(record, side.snapshot))
    assert first not in {offer.offer for offer in record.decision.offers}
    logged = Logged({record.catalogue: places}, {})
    made = Side(Variant(other).snapshot(), logged).make(record, CarriedContacts())
    assert made.shown == tuple(offer.offer for offer in record.decision.offers)
    forgotten = Side(Variant(other).snapshot(), NOTHING).make(record, CarriedContacts())
    assert first in forgotten.shown


async def test_an_arm_s_challenger_decides_for_it() -> None:
    arm = '{ id = "new", share = 0.5, model = "challenger" }'
    toml = f'{TOML}[[experiment]]\nid = "try"\nplacements = ["home"]\narms = [{arm}]\n'
    blob, registry = pack(toml.encode(), OFFERS, "offers.csv"), Registry(MemoryStore())
    catalogue = unpack(blob)
    first, *_, last = sorted(catalogue.offers.ids)
    used, tried = (encode_artefact(rates_model("accept", {offer: 0.9}, "response").artefact) for offer in (first, last))
    names = [await registry.put("model", each, START) for each in (used, tried)]
    await registry.challenge("accept", names[1])
    variant = await variant_of(registry, blob, catalogue, {GOAL: names[0]})
    assert variant == Variant(blob, (used,), (tried,))
    served = Snapshot.build(catalogue, {GOAL: load_model(used)}, challengers={GOAL: load_model(tried)})
    side = Side(variant.snapshot(), NOTHING)
    groups = set()
    for record in lives(catalogue, 40, 1)[0]:
        group = catalogue.division.group(record.request.placement, f"c:{record.customer}")
        groups.add(group)
        model = served.placement(record.request.placement, group).version
        meant = msgspec.structs.replace(
            record, model=model, decision=msgspec.structs.replace(record.decision, group=group)
        )
        logged = msgspec.structs.replace(meant, decision=replay(meant, served))
        made = side.make(logged, CarriedContacts())
        assert made.weighed is None, "it is as logged"
        assert side.weigh(logged, logged.contacts).shown == made.shown
    assert groups == {"champion", "try/new"}
    # Elsewhere it is used itself, or asked for by no arm.
    assert await variant_of(registry, blob, catalogue, {GOAL: names[1]}) == Variant(blob, (tried,))
    assert await variant_of(registry, package(), unpack(package()), {GOAL: names[0]}) == Variant(package(), (used,))
