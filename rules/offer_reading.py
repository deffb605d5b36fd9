"""Offers made from a file's cells: every cell is checked against its declared type, and every mistake is found."""

import re
from collections import Counter
from collections.abc import Mapping

import msgspec

from rules.attribute import Value, parse_value, read_value, suggest
from rules.column import make_column
from rules.finding import Finding
from rules.ids import OfferId
from rules.instant import check_instant
from rules.offer import Column, OfferTable
from rules.offer_file import Cell, OfferFile, read_offer_file
from rules.workspace import Attribute

BUILT_IN: Mapping[str, Attribute] = {
    "id": Attribute("string"),
    "starts": Attribute("timestamp"),
    "ends": Attribute("timestamp"),
}
"""The columns that every table of offers may have; only `id` must be there."""

_ID = re.compile(r"\S(?:[^\x00-\x1f\x7f]{0,198}\S)?")


class OfferReading(msgspec.Struct, frozen=True, eq=False):
    """The offers (None when nothing can be read), every mistake, and the offers that have one in a cell."""

    offers: OfferTable | None
    findings: tuple[Finding, ...]
    faulty: frozenset[OfferId] = frozenset()


def read_offers(
    content: bytes, name: str, declared: Mapping[str, Attribute], broken: frozenset[str] = frozenset()
) -> OfferReading:
    """The offers of a CSV or Parquet file as columns, and every mistake in it.

    Rows keep the file's order; a row without a usable id is left out, a bad cell counts as absent. The columns of
    `broken` attributes (declared, but wrongly) are not looked at.
    """
    file, findings = read_offer_file(content, name)
    if file is None:
        return OfferReading(None, tuple(findings))
    attributes = {**declared, **BUILT_IN}
    findings.extend(_check_header(file, attributes, broken))
    if "id" not in file.header:
        return OfferReading(None, tuple(findings))
    ids, kept, mistakes = _read_ids(file)
    findings.extend(mistakes)
    columns: dict[str, Column] = {}
    faulty: set[OfferId] = set()
    for attribute_name, attribute in attributes.items():
        values: list[Value | None] = [None] * len(kept)
        if attribute_name == "id":
            values = list(ids)
        elif attribute_name in file.header and attribute_name not in broken:
            values, wrong = _read_column(file, kept, attribute_name, attribute)
            findings.extend(Finding(name, file.place(kept[row], attribute_name), text) for row, text in wrong.items())
            faulty.update(ids[row] for row in wrong)
        columns[attribute_name] = make_column(attribute.type, values)
    findings.extend(_check_periods(file, kept, columns))
    if not file.rows and not findings:
        findings.append(Finding(name, "", "has no offers; write at least one row"))
    return OfferReading(OfferTable(ids, columns, _read_creatives(file, kept)), tuple(findings), frozenset(faulty))


def _check_header(file: OfferFile, attributes: Mapping[str, Attribute], broken: frozenset[str]) -> list[Finding]:
    findings = []
    if "id" not in file.header:
        findings.append(Finding(file.name, "header", "has no column id; add one that names each offer"))
    for column, times in Counter(file.header).items():
        key = f"column {column}"
        if times > 1:
            findings.append(Finding(file.name, key, f"stands {times} times in the header; keep one"))
        if column.startswith("creative."):
            if not 2 <= len(column.split(".")) <= 3 or not all(column.split(".")):
                findings.append(Finding(file.name, key, "write creative.FIELD or creative.FORMAT.FIELD"))
        elif column not in attributes and column not in broken:
            hint = suggest(column, attributes)
            findings.append(Finding(file.name, key, f"is not a declared offer attribute{hint}"))
    for attribute in attributes:
        if attribute not in file.header and attribute not in BUILT_IN and attribute not in broken:
            message = f"has no column {attribute}, so every offer lacks it; add the column or drop the attribute"
            findings.append(Finding(file.name, "header", message, "warning"))
    return findings


def _read_ids(file: OfferFile) -> tuple[tuple[OfferId, ...], list[int], list[Finding]]:
    position = file.header.index("id")
    first: dict[str, int] = {}
    kept: list[int] = []
    findings = []
    for row, cells in enumerate(file.rows):
        id = cells[position]
        place = file.place(row, "id")
        if id is None:
            findings.append(Finding(file.name, place, "is empty; give the offer an id"))
        elif not isinstance(id, str):
            findings.append(Finding(file.name, place, "is not a string; store ids as strings"))
        elif _ID.fullmatch(id) is None:
            message = "is not a usable id; write 1 to 200 characters, no blanks around them and no control characters"
            findings.append(Finding(file.name, place, message))
        elif id in first:
            message = f"the id {id!r} stands on {'line' if file.text else 'row'} {file.lines[first[id]]} already"
            findings.append(Finding(file.name, place, f"{message}; give each offer its own"))
        else:
            first[id] = row
            kept.append(row)
    return tuple(OfferId(id) for id in first), kept, findings


def _read_column(
    file: OfferFile, kept: list[int], name: str, attribute: Attribute
) -> tuple[list[Value | None], dict[int, str]]:
    position = file.header.index(name)
    values: list[Value | None] = [None] * len(kept)
    wrong: dict[int, str] = {}
    for place, row in enumerate(kept):
        cell = file.rows[row][position]
        if cell is not None:
            try:
                values[place] = _read_cell(attribute, cell)
            except ValueError as error:
                wrong[place] = str(error)
    return values, wrong


def _read_cell(attribute: Attribute, cell: Cell) -> Value:
    if attribute.type == "timestamp" and isinstance(cell, int) and not isinstance(cell, bool):
        return check_instant(cell)
    if isinstance(cell, str):
        return parse_value(attribute, cell)
    return read_value(attribute, cell)


def _check_periods(file: OfferFile, kept: list[int], columns: Mapping[str, Column]) -> list[Finding]:
    starts, ends = columns["starts"], columns["ends"]
    empty = starts.present & ends.present & (starts.data >= ends.data)
    return [
        Finding(
            file.name, file.place(kept[row], "ends"), "is not after starts, so the offer never runs; swap or fix them"
        )
        for row in empty.nonzero()[0]
    ]


def _read_creatives(file: OfferFile, kept: list[int]) -> tuple[Mapping[str, Mapping[str, str]], ...]:
    places = [(position, column.split(".")) for position, column in enumerate(file.header)]
    fields = [
        (position, parts[1] if len(parts) == 3 else "", parts[-1])
        for position, parts in places
        if parts[0] == "creative" and len(parts) in (2, 3)
    ]
    creatives = []
    for row in kept:
        shown: dict[str, dict[str, str]] = {}
        for position, format, field in fields:
            cell = file.rows[row][position]
            if cell is not None:
                shown.setdefault(format, {})[field] = cell if isinstance(cell, str) else str(cell)
        creatives.append(shown)
    return tuple(creatives)
