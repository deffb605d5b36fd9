"""What a simulation makes of a log under a change is what the change, run from the beginning, makes of the visits."""

import pytest

from decision.journal.record import DecisionRecord
from rules.ids import OfferId
from rules.package import pack, unpack
from tests.training.shop import SMALL
from tests.training.simulation.lives import lives
from training.simulation.carried import CarriedContacts
from training.simulation.side import Logged, Side
from training.simulation.variant import Variant

NOTHING = Logged({}, {})
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
    logged, _ = lives(unpack(package()), 600, 1, accepting=False)
    really, _ = lives(unpack(changed), 600, 1, accepting=False)
    found = simulated(logged, changed)
    for (shown, probabilities, contacts), (offers, exact, history) in zip(found, told(really), strict=True):
        assert (shown, probabilities) == (offers, exact)
        # Contacts stand in another order, which counts for nothing.
        assert sorted(contacts[at : at + 24] for at in range(0, len(contacts), 24)) == sorted(
            history[at : at + 24] for at in range(0, len(history), 24)
        )
    differ = sum(one[0] != other[0] for one, other in zip(told(logged), found, strict=True))
    assert differ == 0 if change is None else differ > 20
