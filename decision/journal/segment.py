"""Segments: records as columns in Parquet, one file for a stretch of the log, named after it."""

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import msgspec
import pyarrow as pa

from decision.engine.request import ShownOffer
from decision.journal.record import (
    DecisionRecord,
    EventRecord,
    OutcomeRecord,
    ProfileRecord,
    Record,
    WithdrawalRecord,
    decode_record,
)
from decision.store.port import Position

_OFFER = pa.struct(
    [
        ("offer", pa.string()),
        ("rank", pa.int32()),
        ("propensity", pa.float64()),
        ("value", pa.float64()),
        ("score", pa.float64()),
        ("probability", pa.float64()),
        ("reasons", pa.list_(pa.string())),
        ("features", pa.list_(pa.float64())),
    ]
)
_DECISION = pa.struct(
    [
        ("placement", pa.string()),
        ("source", pa.string()),
        ("group", pa.string()),
        ("catalogue", pa.string()),
        ("model", pa.string()),
        ("seed", pa.uint64()),
        ("none_probability", pa.float64()),
        ("degraded", pa.list_(pa.string())),
        ("context", pa.string()),
        ("offers", pa.list_(_OFFER)),
    ]
)
_OUTCOME = pa.struct(
    [("decision", pa.string()), ("offer", pa.string()), ("kind", pa.string()), ("value", pa.float64())]
)
_EVENT = pa.struct([("kind", pa.string()), ("attributes", pa.string()), ("value", pa.float64())])
_PROFILE = pa.struct([("change", pa.string()), ("evidence", pa.string())])

_COLUMNS: list[tuple[str, pa.DataType]] = [
    ("incarnation", pa.string()),
    ("position", pa.string()),
    ("record", pa.string()),
    ("id", pa.string()),
    ("written", pa.int64()),
    ("at", pa.int64()),
    ("customer", pa.string()),
    ("visitor", pa.string()),
    ("decision", _DECISION),
    ("outcome", _OUTCOME),
    ("event", _EVENT),
    ("profile", _PROFILE),
    ("entry", pa.binary()),
]

SCHEMA = pa.schema(_COLUMNS)
"""The columns of every segment.

`record` is `decision`, `outcome`, `event`, `profile`, `withdrawal` (its `id` is that of a decision taken back), or
`unreadable` for an entry that is not a record; the struct of that name is set if there is one, the others are null.
`written` and `at` are ms since 1970 (`at` is when it happened: a decision's `now`). `context` and `attributes` are
JSON. `entry` is the record as it was appended, for exact replay; those that were appended together share a `position`.
"""

UNREADABLE = "unreadable"

_LARGEST_SEED = 2**64

_DECODED_AT_ONCE = 500
"""Records that are objects at the same time: they stay in the processor's cache, and the garbage collector, for which
thousands more are a reason to look at all of them again and again, does not get to see them."""

Kind = TypeVar("Kind", DecisionRecord, OutcomeRecord, EventRecord, ProfileRecord)


def segment_table(incarnation: str, entries: Sequence[tuple[Position, bytes]]) -> pa.Table:
    """Records and where they lay in the log as a table of `SCHEMA`, in order; what is no record is kept as it is."""
    starts = range(0, len(entries), _DECODED_AT_ONCE) or (0,)
    return pa.concat_tables(_table(incarnation, entries[start : start + _DECODED_AT_ONCE]) for start in starts)


def _table(incarnation: str, entries: Sequence[tuple[Position, bytes]]) -> pa.Table:
    records = [_decode(entry) for _, entry in entries]
    columns: dict[str, pa.Array[Any]] = {
        "incarnation": pa.array([incarnation] * len(entries), pa.string()),
        "position": pa.array([position for position, _ in entries], pa.string()),
        "record": pa.array([UNREADABLE if record is None else _tag(record) for record in records], pa.string()),
        "id": pa.array(
            [position if record is None else record.id for record, (position, _) in zip(records, entries, strict=True)],
            pa.string(),
        ),
        "written": pa.array([None if record is None else record.written for record in records], pa.int64()),
        "at": pa.array([_at(record) for record in records], pa.int64()),
        "customer": pa.array([None if record is None else record.customer for record in records], pa.string()),
        "visitor": pa.array([None if record is None else record.visitor for record in records], pa.string()),
        "decision": _spread(records, DecisionRecord, _decisions),
        "outcome": _spread(records, OutcomeRecord, _outcomes),
        "event": _spread(records, EventRecord, _events),
        "profile": _spread(records, ProfileRecord, _profiles),
        "entry": pa.array([entry for _, entry in entries], pa.binary()),
    }
    return pa.table(columns, SCHEMA)


def _decode(entry: bytes) -> Record | None:
    try:
        return decode_record(entry)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _tag(record: Record) -> str:
    return str(type(record).__struct_config__.tag)


def _at(record: Record | None) -> int | None:
    if isinstance(record, DecisionRecord):
        return record.now
    if isinstance(record, ProfileRecord | WithdrawalRecord):
        return record.written
    return None if record is None else record.at


def _spread(
    records: Sequence[Record | None], kind: type[Kind], columns: Callable[[list[Kind]], pa.StructArray]
) -> "pa.Array[Any]":
    """The struct column of one kind of record: built for those records only, null for the others."""
    chosen = [record for record in records if isinstance(record, kind)]
    built = columns(chosen)
    if len(chosen) == len(records):
        return built
    numbers = itertools.count()
    rows = pa.array([next(numbers) if isinstance(record, kind) else None for record in records], pa.int64())
    return built.take(rows)


def _decisions(records: list[DecisionRecord]) -> pa.StructArray:
    shown = [offer for record in records for offer in record.decision.offers]
    return _struct(
        _DECISION,
        [record.request.placement for record in records],
        [record.source for record in records],
        [record.decision.group for record in records],
        [record.catalogue for record in records],
        [record.model for record in records],
        [record.seed if 0 <= record.seed < _LARGEST_SEED else None for record in records],
        [record.none_probability for record in records],
        [list(record.decision.degraded) for record in records],
        [_json(record.request.context) for record in records],
        _lists([len(record.decision.offers) for record in records], _offers(shown)),
    )


def _offers(shown: list[ShownOffer]) -> pa.StructArray:
    # The features are most of the numbers of a journal, so they are laid end to end instead of list by list.
    features = pa.array(list(itertools.chain.from_iterable(offer.features for offer in shown)), pa.float64())
    return _struct(
        _OFFER,
        [offer.offer for offer in shown],
        [offer.rank for offer in shown],
        [offer.propensity for offer in shown],
        [offer.value for offer in shown],
        [offer.score for offer in shown],
        [offer.probability for offer in shown],
        [list(offer.reasons) for offer in shown],
        _lists([len(offer.features) for offer in shown], features),
    )


def _outcomes(records: list[OutcomeRecord]) -> pa.StructArray:
    return _struct(
        _OUTCOME,
        [record.decision for record in records],
        [record.offer for record in records],
        [record.kind for record in records],
        [record.value for record in records],
    )


def _events(records: list[EventRecord]) -> pa.StructArray:
    return _struct(
        _EVENT,
        [record.kind for record in records],
        [_json(record.attributes) for record in records],
        [record.value for record in records],
    )


def _profiles(records: list[ProfileRecord]) -> pa.StructArray:
    return _struct(_PROFILE, [record.change for record in records], [record.evidence for record in records])


def _struct(type: pa.StructType, *columns: "Sequence[object] | pa.Array[Any]") -> pa.StructArray:
    arrays = [
        column if isinstance(column, pa.Array) else pa.array(column, field.type)
        for column, field in zip(columns, type, strict=True)
    ]
    return pa.StructArray.from_arrays(arrays, fields=list(type))


def _lists(lengths: Iterable[int], values: "pa.Array[Any]") -> "pa.ListArray[Any]":
    offsets = pa.array(itertools.accumulate(lengths, initial=0), pa.int32())
    return pa.ListArray.from_arrays(offsets, values)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
