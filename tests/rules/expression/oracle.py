"""cel-python's own evaluator as the oracle, and our value of one row in the same terms."""

import datetime
import math
from typing import Any

import celpy
import numpy as np
from celpy import celtypes
from celpy.evaluation import CELEvalError

from rules.expression import Value
from rules.facts import Facts
from tests.rules.expression.world import Row

ERROR = "error"
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_environment = celpy.Environment()


def _contains(text: str, part: str) -> celtypes.BoolType:
    # cel-python loses its own string type in a concatenation, and then finds no method `contains` on it.
    return celtypes.BoolType(part in text)


class Oracle:
    """One source, parsed once; answers per facts and offer."""

    def __init__(self, source: str) -> None:
        self._program = _environment.program(_environment.compile(source), functions={"contains": _contains})

    def answer(self, facts: Facts, offer: Row, number: int) -> Any:
        """The plain value, or `ERROR`."""
        roots: dict[str, Any] = {
            root: {} for root in ("customer", "context", "affinity", "trait", "activity", "contacts")
        }
        for path, value in facts.items():
            first, *rest = path.split(".")
            inside = roots
            for name in (first, *rest)[:-1]:
                inside = inside.setdefault(name, {})
            inside[(first, *rest)[-1]] = _cel(value, (first, *rest)[-1])
        roots["offer"] = {"id": f"offer-{number}"} | {name: _cel(value, name) for name, value in offer.items()}
        try:
            return _plain(self._program.evaluate({root: _cel(value, root) for root, value in roots.items()}))
        except CELEvalError:
            return ERROR


def _cel(value: Any, name: str) -> Any:  # noqa: PLR0911 - one case per type
    if type(value).__module__ == celtypes.__name__:
        return value
    if name in ("moment", "now") and isinstance(value, int):
        return celtypes.TimestampType(_EPOCH + datetime.timedelta(milliseconds=value))
    match value:
        case bool():
            return celtypes.BoolType(value)
        case int():
            return celtypes.IntType(value)
        case float():
            return celtypes.DoubleType(value)
        case str():
            return celtypes.StringType(value)
        case tuple():
            return celtypes.ListType([celtypes.StringType(item) for item in value])
        case dict():
            return celtypes.MapType({celtypes.StringType(key): _cel(item, key) for key, item in value.items()})
    raise AssertionError(f"no CEL value for {value!r}")


def _plain(value: Any) -> Any:
    match value:
        case celtypes.BoolType():
            return bool(value)
        case celtypes.IntType():
            return int(value)
        case celtypes.DoubleType():
            return float(value)
        case celtypes.StringType():
            return str(value)
    return value


def ours(value: Value, rows: int) -> list[Any]:
    """What our value says row by row: plain values, or `ERROR`."""
    whole = value.over(rows)
    data = [whole.words[code] for code in whole.data] if whole.type == "string" and whole.words else whole.data.tolist()
    return [ERROR if wrong else item for item, wrong in zip(data, np.atleast_1d(whole.error), strict=True)]


def agree(left: Any, right: Any) -> bool:
    """Equal in type and value; NaN equals NaN."""
    return type(left) is type(right) and (
        left == right or (type(left) is float and math.isnan(left) and math.isnan(right))
    )
