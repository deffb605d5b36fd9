"""A part: what was decided about one chunk of the audience, as a Parquet file in memory."""

import io
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from decision.campaign.decided import Decided
from decision.engine.snapshot import Snapshot
from decision.engine.verdict import sum_verdicts
from rules.attribute import suggest
from rules.division import CHAMPION, HOLDOUT
from rules.errors import Fault, Invalid
from rules.ids import PlacementId
from rules.offer import Column, OfferTable
from rules.reason import Reason

_TYPES: dict[str, pa.DataType] = {
    "string": pa.string(),
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "timestamp": pa.timestamp("ms", "UTC"),
}
"""The attribute types that can stand beside an offer."""

_FIXED: list[tuple[str, pa.DataType]] = [
    ("customer", pa.string()),
    ("decision", pa.string()),
    ("offer", pa.string()),
    ("rank", pa.int32()),
    ("propensity", pa.float64()),
    ("value", pa.float64()),
    ("score", pa.float64()),
    ("probability", pa.float64()),
    ("reason", pa.string()),
]

_FIGURES = b"concierge"

_SAME_FOR_ALL = {Reason.NOT_A_CANDIDATE.slug, Reason.EXCLUDED_BY_PLACEMENT.slug}
"""Reasons that are the placement's, whoever the customer is."""


class Share(msgspec.Struct, frozen=True):
    """How often an offer (or an attribute's value) is shown, to how many customers, and the value expected from it.

    `left_out` says how often each reason kept it off, where it is a candidate of the placement.
    """

    name: str | None
    shown: int
    customers: int
    expected: float
    left_out: dict[str, int] = {}


class Figures(msgspec.Struct, frozen=True):
    """What became of some customers, in numbers that can be added, for a customer is in one part only.

    How many there are, how many of them `unknown`, how often each reason kept an offer off (`left_out`), why nothing
    was shown (`empty`, by the commonest reason), what decisions went without (`degraded`), and how many customers each
    group has, but for the champion's (`groups`); the `offers`, and the values of
    each attribute in `columns`: those shown in the order in which they came up, then the other candidates.
    """

    customers: int = 0
    unknown: int = 0
    left_out: dict[str, int] = {}
    empty: dict[str, int] = {}
    degraded: dict[str, int] = {}
    offers: tuple[Share, ...] = ()
    columns: dict[str, tuple[Share, ...]] = {}
    groups: dict[str, int] = {}

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(
            self.customers + other.customers,
            self.unknown + other.unknown,
            _sum(self.left_out, other.left_out),
            _sum(self.empty, other.empty),
            _sum(self.degraded, other.degraded),
            _joined(self.offers, other.offers),
            {
                name: _joined(self.columns.get(name, ()), other.columns.get(name, ()))
                for name in {**self.columns, **other.columns}
            },
            _sum(self.groups, other.groups),
        )


def check_columns(names: Sequence[str], offers: OfferTable) -> None:
    """Raises `Invalid` for a name that is no attribute of offers, or one that no cell can hold."""
    fixed = [name for name, _ in _FIXED]
    faults = []
    for name in names:
        column = offers.columns.get(name)
        if name in fixed:
            faults.append(Fault("--column", f"{name!r} stands in the output anyway"))
        elif column is None:
            faults.append(Fault("--column", f"{name!r} is no attribute of offers{suggest(name, offers.columns)}"))
        elif column.type not in _TYPES:
            faults.append(Fault("--column", f"{name!r} is a {column.type}; choose one that has a single value"))
    if faults:
        raise Invalid(tuple(faults))


def part_schema(names: Sequence[str], offers: OfferTable) -> pa.Schema:
    """The columns of a part: the fixed ones, and attributes of the offers."""
    return pa.schema([*_FIXED, *((name, _TYPES[offers.columns[name].type]) for name in names)])


def write_part(decided: Sequence[Decided], names: Sequence[str], snapshot: Snapshot, placement: PlacementId) -> bytes:
    """The part, one row for each shown offer, and one without an offer for each customer who is shown none.

    Its `reason` is then that they are held out, or the commonest one that kept offers off, among those that are not the
    same for everybody.
    """
    offers = snapshot.catalogue.offers
    rows: list[tuple[object, ...]] = []
    shown_rows: list[int | None] = []
    empty: Counter[str] = Counter()
    for one in decided:
        for shown in one.decision.offers:
            figures = shown.rank, shown.propensity, shown.value, shown.score, shown.probability
            rows.append((one.customer, one.id, shown.offer, *figures, shown.reasons[0]))
            shown_rows.append(snapshot.rows[shown.offer])
        if not one.decision.offers:
            reason = Reason.HELD_OUT.slug if one.decision.group == HOLDOUT else _commonest(one.decision.counts)
            empty[reason] += 1
            rows.append((one.customer, one.id, *[None] * 6, reason))
            shown_rows.append(None)
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(_FIXED)
    schema = part_schema(names, offers)
    arrays: list[pa.Array[Any]] = [pa.array(column, type) for column, (_, type) in zip(columns, _FIXED, strict=True)]
    attributes = [_attribute(offers.columns[name], shown_rows) for name in names]
    arrays += attributes
    left_out, degraded = Counter[str](), Counter[str]()
    for one in decided:
        left_out.update(one.decision.counts)
        degraded.update(one.decision.degraded)
    customers, _, shown_offers, _, propensities, values, *_ = columns
    expected = [_expected(*figures) for figures in zip(propensities, values, strict=True)]
    candidates = snapshot.placement(placement).bound.offers
    everyone = range(len(candidates.ids))
    verdicts = sum_verdicts((one.verdicts for one in decided), len(everyone))
    figures_of = Figures(
        len(decided),
        sum(not one.known for one in decided),
        dict(left_out),
        dict(empty),
        dict(degraded),
        _shares(shown_offers, customers, expected, shown_rows, _left_out(candidates.ids, verdicts)),
        {
            name: _shares(
                attribute.to_pylist(),
                customers,
                expected,
                shown_rows,
                _left_out(_attribute(candidates.columns[name], everyone).to_pylist(), verdicts),
            )
            for name, attribute in zip(names, attributes, strict=True)
        },
        Counter(one.decision.group for one in decided if one.decision.group != CHAMPION),
    )
    table = pa.Table.from_arrays(arrays, schema=schema.with_metadata({_FIGURES: msgspec.json.encode(figures_of)}))
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def read_figures(schema: pa.Schema) -> Figures:
    """The figures that a part carries."""
    return msgspec.json.decode((schema.metadata or {})[_FIGURES], type=Figures)


def _expected(propensity: float | None, value: float | None) -> float:
    # A model of responses says how likely one is, and the value what it is worth; one of values says both in the value.
    return (1.0 if propensity is None else propensity) * (value or 0.0)


def _shares(
    names: Sequence[object],
    customers: Sequence[object],
    expected: Sequence[float],
    shown: Sequence[int | None],
    left_out: Mapping[str | None, dict[str, int]],
) -> tuple[Share, ...]:
    """The figures of each name, from rows that belong together by their place; those that show nothing do not count."""
    counts: dict[str | None, list[float]] = {}
    last: dict[str | None, object] = {}
    for name, customer, worth, row in zip(names, customers, expected, shown, strict=True):
        if row is None:
            continue
        key = _key(name)
        figures = counts.setdefault(key, [0, 0, 0.0])
        figures[0] += 1
        # A customer's rows stand together.
        figures[1] += last.get(key) != customer
        figures[2] += worth
        last[key] = customer
    for key in left_out:
        counts.setdefault(key, [0, 0, 0.0])
    return tuple(
        Share(key, int(count), int(people), worth, left_out.get(key, {}))
        for key, (count, people, worth) in counts.items()
    )


def _left_out(names: Sequence[object], verdicts: NDArray[np.int64]) -> dict[str | None, dict[str, int]]:
    """How often each reason left out candidates of each name, by their place: of int64[reasons × candidates]."""
    totals: dict[str | None, dict[str, int]] = {}
    for candidate, reason in np.argwhere(verdicts.T).tolist():
        total, slug = totals.setdefault(_key(names[candidate]), {}), Reason(reason).slug
        total[slug] = total.get(slug, 0) + int(verdicts[reason, candidate])
    return totals


def _key(name: object) -> str | None:
    return None if name is None else str(name)


def _joined(one: tuple[Share, ...], other: tuple[Share, ...]) -> tuple[Share, ...]:
    total = {share.name: share for share in one}
    for share in other:
        old = total.get(share.name, Share(share.name, 0, 0, 0.0))
        total[share.name] = Share(
            share.name,
            old.shown + share.shown,
            old.customers + share.customers,
            old.expected + share.expected,
            _sum(old.left_out, share.left_out),
        )
    return tuple(total.values())


def _commonest(counts: Mapping[str, int]) -> str:
    own = {slug: count for slug, count in counts.items() if slug not in _SAME_FOR_ALL} or counts
    return min(own, key=lambda slug: (-own[slug], slug), default="")


def _attribute(column: Column, rows: Sequence[int | None]) -> "pa.Array[Any]":
    data = column.data.tolist()
    cells = [column.words[code] for code in data] if column.type == "string" else data
    present = column.present.tolist()
    values = [None if row is None or not present[row] else cells[row] for row in rows]
    return pa.array(values, _TYPES[column.type])


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in sorted({*one, *other})}
