from rules.column import make_column
from rules.facts import FactValue
from rules.offer import OfferTable
from rules.value_read import read_values, tell_values

OFFERS = OfferTable((), {"brand": make_column("string", ["Alba", None])}, ())


def test_values_come_from_the_facts_and_from_the_offer() -> None:
    facts: dict[str, FactValue] = {"customer.since": 0, "customer.age": 0}
    paths = ("customer.since", "customer.age", "customer.tier", "offer.brand")
    assert read_values(paths, facts, OFFERS, 0, frozenset({"customer.since"})) == {
        "customer.since": "1970-01-01T00:00:00Z",
        "customer.age": 0,
        "customer.tier": None,
        "offer.brand": "Alba",
    }
    assert read_values(("offer.brand",), facts, OFFERS, 1, frozenset()) == {"offer.brand": None}


def test_values_are_told_in_one_line() -> None:
    read: dict[str, FactValue | None] = {
        "a": None,
        "b": True,
        "c": "x",
        "d": 3,
        "e": 0.25,
        "f": ("x", "y"),
        "g": {"x": 1.5},
        "h": {},
    }
    told = tell_values(read)
    assert told == "a is absent, b is true, c is 'x', d is 3, e is 0.25, f is x, y, g is x 1.5, h is empty"
