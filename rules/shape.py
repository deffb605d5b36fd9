"""The shape of a decoded TOML document against the workspace's structs: all mistakes at once, each with its key.

A decoder stops at the first mistake. This walk goes on: it puts a neutral value where one is missing or wrong, and
remembers the key, so that later checks can look at all the rest without complaining about the same place again.
"""

from collections.abc import Sequence
from difflib import get_close_matches
from math import isfinite
from typing import TypeVar, cast

import msgspec
from msgspec import inspect

from rules.attribute import suggest

Struct = TypeVar("Struct", bound=msgspec.Struct)

Mistake = tuple[str, str]
"""A key and a sentence."""


def shape(document: object, type: type[Struct]) -> tuple[Struct, tuple[Mistake, ...], frozenset[str]]:
    """The document as the struct, all mistakes, and the keys where a stand-in replaces what was wrong."""
    walk = _Walk()
    value = walk.fit(document, inspect.type_info(type), "")
    return msgspec.convert(value, type), tuple(walk.mistakes), frozenset(walk.broken)


def entry_keys(section: str, names: Sequence[str]) -> list[str]:
    """What findings call the entries of an array of tables: their name where given and unique, else a number from 1."""
    return [
        f"{section}.{name}" if name and names.index(name) == position else f"{section}[{position + 1}]"
        for position, name in enumerate(names)
    ]


class _Walk:
    def __init__(self) -> None:
        self.mistakes: list[Mistake] = []
        self.broken: set[str] = set()

    def fit(self, raw: object, type: inspect.Type, key: str) -> object:
        if isinstance(type, inspect.UnionType):
            type = next(member for member in type.types if not isinstance(member, inspect.NoneType))
        if isinstance(type, inspect.StructType):
            return self._fit_struct(raw, type, key)
        if isinstance(type, inspect.DictType):
            return self._fit_table(raw, type, key)
        if isinstance(type, inspect.VarTupleType):
            return self._fit_array(raw, type, key)
        sentence = _wrong(raw, type)
        if sentence is None:
            return raw
        return self._refuse(type, key, sentence)

    def _refuse(self, type: inspect.Type, key: str, sentence: str) -> object:
        self.mistakes.append((key, sentence))
        self.broken.add(key)
        return _neutral(type)

    def _fit_struct(self, raw: object, type: inspect.StructType, key: str) -> object:
        if not isinstance(raw, dict):
            self.mistakes.append((key, f"must be a table, not {_shown(raw)}"))
            self.broken.add(key)
            raw = {}
        fields = {field.encode_name: field for field in type.fields}
        for name in raw:
            if name not in fields:
                self.mistakes.append((_join(key, name), f"is not a setting here{suggest(name, fields)}"))
        # A required setting whose name is only misspelt has been reported already, as an unknown one.
        misspelt = {match for name in raw if name not in fields for match in get_close_matches(name, fields, n=1)}
        fitted: dict[str, object] = {}
        for name, field in fields.items():
            place = _join(key, name)
            if name in raw:
                fitted[name] = self.fit(raw[name], field.type, place)
            elif field.required:
                if key not in self.broken and name not in misspelt:
                    self.mistakes.append((place, f"is missing; give {_wanted(field.type)}"))
                self.broken.add(place)
                fitted[name] = _neutral(field.type)
        return fitted

    def _fit_table(self, raw: object, type: inspect.DictType, key: str) -> object:
        if not isinstance(raw, dict):
            return self._refuse(type, key, f"must be a table, not {_shown(raw)}")
        return {name: self.fit(value, type.value_type, _join(key, name)) for name, value in raw.items()}

    def _fit_array(self, raw: object, type: inspect.VarTupleType, key: str) -> object:
        if not isinstance(raw, list):
            return self._refuse(type, key, f"must be {_wanted(type)}, not {_shown(raw)}")
        names = [_name(item) for item in raw]
        places = entry_keys(key, names)
        fitted = []
        for item, place in zip(raw, places, strict=True):
            leaf = not isinstance(type.item_type, inspect.StructType)
            if leaf and _wrong(item, type.item_type) is not None:
                self.mistakes.append((place, str(_wrong(item, type.item_type))))
                self.broken.add(key)
            else:
                fitted.append(self.fit(item, type.item_type, place))
        return fitted


def _name(item: object) -> str:
    name = (item.get("id") or item.get("name")) if isinstance(item, dict) else None
    return name if isinstance(name, str) else ""


def _join(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name


def _wrong(raw: object, type: inspect.Type) -> str | None:
    fits = True
    if isinstance(type, inspect.LiteralType):
        if isinstance(raw, str) and raw not in type.values:
            return f"{raw!r} is not possible{suggest(raw, cast(Sequence[str], type.values))}"
        fits = raw in type.values
    elif isinstance(type, inspect.StrType):
        fits = isinstance(raw, str)
    elif isinstance(type, inspect.BoolType):
        fits = isinstance(raw, bool)
    elif isinstance(type, inspect.IntType):
        fits = isinstance(raw, int) and not isinstance(raw, bool) and -(2**63) <= raw < 2**63
    elif isinstance(type, inspect.FloatType):
        fits = isinstance(raw, int | float) and not isinstance(raw, bool) and isfinite(raw)
    return None if fits else f"must be {_wanted(type)}, not {_shown(raw)}"


def _wanted(type: inspect.Type) -> str:
    if isinstance(type, inspect.UnionType):
        type = next(member for member in type.types if not isinstance(member, inspect.NoneType))
    if isinstance(type, inspect.LiteralType):
        return f"one of {', '.join(map(str, type.values))}"
    if isinstance(type, inspect.VarTupleType):
        return "an array of tables" if isinstance(type.item_type, inspect.StructType) else "an array of strings"
    words = {inspect.StrType: "a string", inspect.IntType: "a whole number", inspect.FloatType: "a finite number"}
    return words.get(type.__class__, "true or false" if isinstance(type, inspect.BoolType) else "a table")


def _shown(raw: object) -> str:
    if isinstance(raw, dict):
        return "a table"
    if isinstance(raw, list):
        return "an array"
    if isinstance(raw, str | bool):
        return str(msgspec.json.encode(raw), "utf-8")
    if isinstance(raw, int | float):
        return str(raw)
    return f"the unquoted date {raw}; put it in quotes"


def _neutral(type: inspect.Type) -> object:
    if isinstance(type, inspect.UnionType):
        return None
    if isinstance(type, inspect.StructType):
        return {field.encode_name: _neutral(field.type) for field in type.fields if field.required}
    if isinstance(type, inspect.DictType):
        return {}
    if isinstance(type, inspect.VarTupleType):
        return []
    if isinstance(type, inspect.LiteralType):
        return type.values[0]
    return {inspect.StrType: "", inspect.IntType: 1, inspect.FloatType: 1.0, inspect.BoolType: False}[type.__class__]
