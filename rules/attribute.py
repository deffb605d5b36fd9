"""Values of declared attributes: read from JSON, parsed from table cells, refused when they break their type."""

import re
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from math import isfinite

from rules.errors import Fault
from rules.instant import parse_instant
from rules.workspace import Attribute, AttributeType

Value = str | int | float | bool | tuple[str, ...] | dict[str, float]
"""A value by type: timestamps are `Instant`s, lists tuples without duplicates, maps dictionaries of floats."""

LONGEST_TEXT = 1_000
"""Characters of the longest string that a customer, context or event attribute may hold."""

MOST_ITEMS = 200
"""Most items of a list, and most keys of a map, that such an attribute may hold."""

_MOST_HINTS = 8
"""Looking for the name that was meant costs more than everything else about a fault, so only a few get that."""

_LONGEST_HINTED = 60

_INT64 = range(-(2**63), 2**63)
_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", re.ASCII)
_BOOLS = {"true": True, "false": False, "1": True, "0": False}


def read_value(attribute: Attribute, raw: object) -> Value:
    """A decoded JSON value as the attribute's type; ValueError says what is wrong and what to write."""
    value = _READERS[attribute.type](raw)
    if attribute.values is not None:
        _check_set(attribute.values, value)
    return value


def parse_value(attribute: Attribute, text: str) -> Value:
    """A table cell as the attribute's type: items separated by `|`, map entries as `key=1.5`; ValueError otherwise."""
    value = _PARSERS[attribute.type](text.strip() if attribute.type != "string" else text)
    if attribute.values is not None:
        _check_set(attribute.values, value)
    return value


def check_values(
    attributes: Mapping[str, Attribute], raw: Mapping[str, object], prefix: str
) -> tuple[dict[str, Value], tuple[Fault, ...]]:
    """The values that fit their declaration, and a fault for each that does not; null means absent.

    Unlike the values of offers, which are published with care, these may only be so large (`check_size`).
    """
    values: dict[str, Value] = {}
    faults: list[Fault] = []
    for name, given in raw.items():
        attribute = attributes.get(name)
        if attribute is None:
            hint = suggest(name, attributes) if len(faults) < _MOST_HINTS else ""
            faults.append(Fault(f"{prefix}.{name}", f"is not declared in the workspace{hint}"))
        elif given is not None:
            try:
                if not isinstance(given, (int, float)):
                    check_size(given)
                values[name] = read_value(attribute, given)
            except ValueError as error:
                faults.append(Fault(f"{prefix}.{name}", str(error)))
    return values, tuple(faults)


def check_size(value: object) -> None:
    """ValueError when a string, a list or a map is larger than profiles and journals should carry for ever."""
    if isinstance(value, (int, float)):
        return
    held = value if isinstance(value, (list, tuple, dict)) else (value,)
    if len(held) > MOST_ITEMS:
        raise ValueError(f"has {len(held)} entries; give at most {MOST_ITEMS}")
    for text in held:
        if isinstance(text, str) and len(text) > LONGEST_TEXT:
            raise ValueError(f"holds {len(text)} characters; give at most {LONGEST_TEXT}")


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant, None where there is no such one."""
    close = get_close_matches(name, sorted(known), n=1) if len(name) <= _LONGEST_HINTED else []
    return close[0] if close else None


def suggest(name: str, known: Iterable[str]) -> str:
    """The end of an error sentence: the known name that was probably meant, or a few of those there are."""
    names = sorted(known)
    close = closest(name, names)
    if close is not None:
        return f"; did you mean {close!r}?"
    if not names:
        return "; none are declared"
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return f"; use one of {', '.join(names[:8])}{more}"


def _read_string(raw: object) -> str:
    if not isinstance(raw, str):
        raise ValueError(f"must be a string, not {_kind(raw)}")
    return raw


def _read_int(raw: object) -> int:
    if not isinstance(raw, int) or isinstance(raw, bool):
        raise ValueError(f"must be a whole number, not {_kind(raw)}")
    if raw not in _INT64:
        raise ValueError("does not fit in 64 bits; give a smaller number")
    return raw


def _read_float(raw: object) -> float:
    if not isinstance(raw, int | float) or isinstance(raw, bool):
        raise ValueError(f"must be a number, not {_kind(raw)}")
    try:
        number = float(raw)
    except OverflowError:
        number = float("inf")
    if not isfinite(number):
        raise ValueError("must be a finite number")
    return number


def _read_bool(raw: object) -> bool:
    if not isinstance(raw, bool):
        raise ValueError(f"must be true or false, not {_kind(raw)}")
    return raw


def _read_timestamp(raw: object) -> int:
    if not isinstance(raw, str):
        raise ValueError(f"must be a moment like '2026-03-01T09:30:00Z', not {_kind(raw)}")
    return parse_instant(raw)


def _read_list(raw: object) -> tuple[str, ...]:
    if not isinstance(raw, list | tuple):
        raise ValueError(f"must be a list of strings, not {_kind(raw)}")
    for item in raw:
        if not isinstance(item, str):
            raise ValueError(f"must be a list of strings, but holds {_kind(item)}")
    return tuple(dict.fromkeys(raw))


def _read_map(raw: object) -> dict[str, float]:
    if not isinstance(raw, Mapping):
        raise ValueError(f"must be a map of strings to numbers, not {_kind(raw)}")
    entries: dict[str, float] = {}
    for key, number in raw.items():
        if not isinstance(key, str):
            raise ValueError(f"must be a map of strings to numbers, but has {_kind(key)} as a key")
        try:
            entries[key] = _read_float(number)
        except ValueError as error:
            raise ValueError(f"at key {key!r}: {error}") from None
    return entries


def _parse_int(text: str) -> int:
    if _INTEGER.fullmatch(text) is None:
        raise ValueError(f"{text!r} is not a whole number")
    return _read_int(int(text)) if len(text) < 40 else _read_int(2**63)


def _parse_float(text: str) -> float:
    if _NUMBER.fullmatch(text) is None:
        raise ValueError(f"{text!r} is not a number; write it like 12.5")
    return _read_float(float(text))


def _parse_bool(text: str) -> bool:
    if text.lower() not in _BOOLS:
        raise ValueError(f"{text!r} is neither true nor false; write {', '.join(_BOOLS)}")
    return _BOOLS[text.lower()]


def _parse_list(text: str) -> tuple[str, ...]:
    items = [item.strip() for item in text.split("|")]
    if "" in items:
        raise ValueError(f"{text!r} has an empty item; separate items by one '|'")
    return _read_list(items)


def _parse_map(text: str) -> dict[str, float]:
    entries: dict[str, float] = {}
    for item in text.split("|"):
        key, equals, number = item.rpartition("=")
        if not equals or not key.strip():
            raise ValueError(f"{item!r} is not an entry; write key=number, separated by '|'")
        if key.strip() in entries:
            raise ValueError(f"has the key {key.strip()!r} twice; keep one")
        entries[key.strip()] = _parse_float(number.strip())
    return entries


def _check_set(values: tuple[str, ...], value: Value) -> None:
    words = (value,) if isinstance(value, str) else value if isinstance(value, tuple | dict) else ()
    for word in words:
        if word not in values:
            shown = word if len(word) <= _LONGEST_HINTED else f"{word[:_LONGEST_HINTED]}…"
            raise ValueError(f"{shown!r} is not among the declared values{suggest(word, values)}")


def _kind(raw: object) -> str:
    kinds: tuple[tuple[type, str], ...] = (
        (bool, "true or false"),
        (int, "a whole number"),
        (float, "a number"),
        (str, "a string"),
        (list, "a list"),
        (tuple, "a list"),
        (dict, "a map"),
    )
    return "null" if raw is None else next((name for kind, name in kinds if isinstance(raw, kind)), type(raw).__name__)


_READERS: dict[AttributeType, Callable[[object], Value]] = {
    "string": _read_string,
    "int": _read_int,
    "float": _read_float,
    "bool": _read_bool,
    "timestamp": _read_timestamp,
    "list": _read_list,
    "map": _read_map,
}

_PARSERS: dict[AttributeType, Callable[[str], Value]] = {
    "string": str,
    "int": _parse_int,
    "float": _parse_float,
    "bool": _parse_bool,
    "timestamp": parse_instant,
    "list": _parse_list,
    "map": _parse_map,
}
