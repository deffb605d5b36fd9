"""The same rules for both engines, over the hotel group's offers, and people to hold them against."""

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from loadtest.bench.errors import Mismatch
from loadtest.hotel.offers import workspace_folder
from rules.check import check_workspace
from rules.expression import BoundProgram, Program, compile_expression
from rules.facts import Facts
from rules.offer import Column

QUESTIONS = 8

RULES: tuple[tuple[str, str], ...] = (
    ("offer.price <= customer.usual_rate * {2}.0", "offer.price <= customer.usual_rate * {2}"),
    ("offer.price < {0}.0 && offer.margin > 1.5", "offer.price < {0} and offer.margin > 1.5"),
    ("offer.theme != 'club' || !customer.member", "offer.theme != 'club' or not customer.member"),
    ("!offer.members_only || customer.member", "not offer.members_only or customer.member"),
    (
        "offer.tier != 'luxury' || activity.stays.frequency > {1} || offer.brand in affinity.brand",
        "offer.tier != 'luxury' or activity.stays.frequency > {1} or offer.brand in keys(affinity.brand)",
    ),
    (
        "offer.kind == 'extra' || context.destination == offer.destination || activity.browsing.frequency > {1}",
        "offer.kind == 'extra' or context.destination == offer.destination or activity.browsing.frequency > {1}",
    ),
    (
        "!(offer.theme in ['spa', 'romantic']) || context.adults >= 2",
        "offer.theme not in ['spa', 'romantic'] or context.adults >= 2",
    ),
    ("context.lead_days >= {1} && context.nights <= 14", "context.lead_days >= {1} and context.nights <= 14"),
    (
        "offer.theme in customer.interests || offer.margin > {3}.0",
        "offer.theme in customer.interests or offer.margin > {3}",
    ),
    (
        "offer.kind == 'extra' || offer.country == customer.country || offer.stars >= 3",
        "offer.kind == 'extra' or offer.country == customer.country or offer.stars >= 3",
    ),
)
"""CEL, and the same in ZEN's language; the numbers are filled in, so that ten rules can become a hundred."""


class RuleCase(msgspec.Struct, frozen=True, eq=False):
    """Rules bound to the offers, their ZEN sources, and per question the facts and the peer's input per offer."""

    bound: BoundProgram
    sources: tuple[str, ...]
    questions: tuple[Facts, ...]
    inputs: tuple[tuple[dict[str, Any], ...], ...]

    def verdicts(self, number: int) -> list[NDArray[np.bool_]]:
        """Ours: for each rule, where it holds."""
        values = self.bound.run(self.questions[number % QUESTIONS])
        return [np.asarray(value.passes) for value in values]


def make_rules(count: int) -> RuleCase:
    """So many rules over all offers of the hotel workspace: the ten, and then the ten with other numbers."""
    folder = workspace_folder()
    toml, offers = ((folder / name).read_bytes() for name in ("concierge.toml", "offers.csv"))
    catalogue = check_workspace(toml, offers, "offers.csv").catalogue
    if catalogue is None:
        raise Mismatch("the hotel workspace is broken: `concierge check` says how")
    variants = range(-(-count // len(RULES)))
    numbers = [(300 + 40 * variant, 1 + variant, 3 + variant, 30 + 5 * variant) for variant in variants]
    pairs = [(cel.format(*each), zen.format(*each)) for each in numbers for cel, zen in RULES][:count]
    program = Program([compile_expression(cel, catalogue.schema, gives="bool") for cel, _ in pairs])
    # The peer is given what the rules read and no more: turning offers into its values is most of its work.
    read = " ".join(zen for _, zen in pairs)
    columns = {name: _plain(column) for name, column in catalogue.offers.columns.items()}
    inputs_of = {name: values for name, values in columns.items() if f"offer.{name}" in read}
    rows = [{name: values[row] for name, values in inputs_of.items()} for row in range(len(catalogue.offers))]
    random = np.random.default_rng(7)
    questions = tuple(_facts(columns, random) for _ in range(QUESTIONS))
    inputs = tuple(tuple(_nested(facts) | {"offer": row} for row in rows) for facts in questions)
    return RuleCase(program.bind(catalogue.offers), tuple(zen for _, zen in pairs), questions, inputs)


def _plain(column: Column) -> list[Any]:
    values = column.data.tolist()
    if column.type == "string":
        values = [column.words[code] for code in values]
    return [value if there else None for value, there in zip(values, column.present.tolist(), strict=True)]


def _facts(columns: Mapping[str, list[Any]], random: np.random.Generator) -> Facts:
    def some(name: str, count: int) -> list[str]:
        known = sorted({value for value in columns[name] if value is not None})
        return [str(each) for each in random.choice(known, count, replace=False)]

    return {
        "customer.member": bool(random.random() < 0.5),
        "customer.usual_rate": float(random.lognormal(4.6, 0.4)),
        "customer.interests": tuple(some("theme", 3)),
        "customer.country": some("country", 1)[0],
        "context.destination": some("destination", 1)[0],
        "context.adults": int(random.integers(1, 4)),
        "context.lead_days": int(random.integers(0, 30)),
        "context.nights": int(random.integers(1, 20)),
        "activity.stays.frequency": int(random.integers(0, 4)),
        "activity.browsing.frequency": int(random.integers(0, 4)),
        "affinity.brand": {name: float(random.random()) for name in some("brand", 4)},
    }


def _nested(facts: Facts) -> dict[str, Any]:
    """Flat paths as the nested objects that the peer reads."""
    nested: dict[str, Any] = {}
    for path, value in facts.items():
        *parents, last = path.split(".")
        inner = nested
        for name in parents:
            inner = inner.setdefault(name, {})
        inner[last] = list(value) if isinstance(value, tuple) else value
    return nested
