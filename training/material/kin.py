"""One notion of a person: the customers and visitors whom the journal has seen as one."""

from collections import Counter
from collections.abc import Iterable, Mapping

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

PAIRS = """
SELECT DISTINCT customer, visitor FROM journal
WHERE customer IS NOT NULL AND visitor IS NOT NULL AND record IN ('decision', 'outcome', 'profile')
"""
"""Whoever was seen with a cookie, in a decision, an outcome or by a link."""

MOST_SHARING = 3
"""A cookie that was seen with more customers is of a device that everybody uses, and makes nobody kin."""

Kin = Mapping[str, str]
"""The person, named after the first of them, of each customer `c:` and visitor `v:` who was seen with another."""

NOBODY: Kin = {}
"""Everybody is a person by the one name that is known."""


def kin(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Who is whom, from pairs of a customer and a visitor; in the order of their names."""
    above: dict[str, str] = {}

    def head(name: str) -> str:
        while (higher := above.setdefault(name, name)) != name:
            above[name] = above[higher]
            name = higher
        return name

    for customer, visitor in pairs:
        first, second = sorted((head(f"c:{customer}"), head(f"v:{visitor}")))
        above[second] = first
    return {name: head(name) for name in sorted(above)}


def kin_of(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Who is whom in a journal, so that a person's decisions are told from those of others."""
    pairs = connection.execute(PAIRS).fetchall()
    customers = Counter(visitor for _, visitor in pairs)
    return kin((customer, visitor) for customer, visitor in pairs if customers[visitor] <= MOST_SHARING)


def register_kin(connection: duckdb.DuckDBPyConnection, found: Kin) -> None:
    """Make it a table `kin` (name, person) that queries can join."""
    names, persons = pa.array(found.keys(), pa.string()), pa.array(found.values(), pa.string())
    connection.register("kin", pa.table({"name": names, "person": persons}))


def as_persons(names: NDArray[np.str_], found: Kin) -> NDArray[np.str_]:
    """The person of each name."""
    own, place = np.unique(names, return_inverse=True)
    return np.array([found.get(name, name) for name in own.tolist()], np.str_)[place]
