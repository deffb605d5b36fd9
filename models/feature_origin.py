"""Where a feature comes from: the family that it belongs to, and what it is in plain words."""

from collections.abc import Iterator
from functools import lru_cache
from math import isnan
from typing import Literal

import msgspec

from models.artefact import POSITION
from rules.expression.parser import parse_source
from rules.expression.syntax import Call, Index, Items, Name, Select, Syntax

Form = Literal["path", "equal", "lookup", "other"]

OFFER = "offer"
NOW = "now"

_PLAIN = {"affinity": "interest", "trait": ""}
"""What a path's first word is called in front of the rest; others are called what they are."""


class Origin(msgspec.Struct, frozen=True):
    """What the source of a feature reads, and how.

    `family` is the first word of what it reads of the request (`customer`, `affinity`, `contacts`, `now` …), or `offer`
    when it reads the offer alone, or `position`. `path` is the rest of that path, `offer` the offer's attribute that it
    reads, each empty where it reads none. `form` is `path` (a value as it is), `equal` (whether the request's value is
    the offer's), `lookup` (what a map has for the offer's value) or `other`, which only the feature's name can tell.
    """

    family: str
    path: str = ""
    offer: str = ""
    form: Form = "path"

    @property
    def of_request(self) -> bool:
        """Whether it says something of the request alone, and nothing of how an offer was chosen."""
        return not self.offer and self.family not in {OFFER, POSITION}

    def tell(self, name: str, value: float | str | None, of: str | None) -> str:
        """A feature's value in plain words; `of` is the offer's value of the attribute `offer`, if it has one."""
        own = " ".join(word for word in (_PLAIN.get(self.family, self.family), _spaced(self.path)) if word)
        match self.form:
            case "path":
                return self._tell_path(own, value)
            case "equal" if of is not None:
                return f"{own} unknown" if value is None else f"{own} {'is' if value else 'is not'} {of}"
            case "lookup" if of is not None and self.family == "affinity":
                return f"interest in {of}" if value else f"no interest in {of} yet"
            case "lookup" if of is not None:
                return f"{own} of {of} {_shown(value)}"
        return f"{_spaced(name)} {_shown(value)}"

    def _tell_path(self, own: str, value: float | str | None) -> str:
        if self.family == POSITION:
            # Predictions are for the first rank, whatever rank it is that an offer is shown at.
            return "standing first"
        return f"{_spaced(self.offer) if self.family == OFFER else own} {_shown(value)}"


@lru_cache(maxsize=4096)
def origin_of(name: str, source: str) -> Origin:
    """The origin of a model feature; raises `ExpressionError` for a source that is not CEL."""
    if name == POSITION and not source:
        return Origin(POSITION)
    syntax = parse_source(source)
    paths = list(dict.fromkeys(_paths(syntax)))
    offer = next((rest for root, rest in paths if root == OFFER), "")
    family, path = next(((root, rest) for root, rest in paths if root != OFFER), (OFFER, ""))
    return Origin(family, path, offer, _form(syntax, len(paths)))


def _form(syntax: Syntax, paths: int) -> Form:
    if _path(syntax) is not None:
        return "path"
    match syntax:
        case Call("==", _) if paths == 2:
            return "equal"
        case Index() | Call("?:", (_, Index(), _)) if paths == 2:
            return "lookup"
    return "other"


def _paths(syntax: Syntax) -> Iterator[tuple[str, str]]:
    """The paths that an expression reads, each as its first word and the rest, in the order of the source."""
    path = _path(syntax)
    if path is not None:
        yield path[0], ".".join(path[1:])
        return
    match syntax:
        case Select(operand):
            yield from _paths(operand)
        case Index(operand, index):
            yield from _paths(operand)
            yield from _paths(index)
        case Call(_, arguments, _, receiver):
            for part in (*((receiver,) if receiver is not None else ()), *arguments):
                yield from _paths(part)
        case Items(items):
            for item in items:
                yield from _paths(item)


def _path(syntax: Syntax) -> tuple[str, ...] | None:
    if isinstance(syntax, Name):
        return (syntax.name,)
    if isinstance(syntax, Select):
        above = _path(syntax.operand)
        return None if above is None else (*above, syntax.field)
    return None


def _spaced(name: str) -> str:
    return name.replace("_", " ").replace(".", " ")


def _shown(value: float | str | None) -> str:
    if value is None or (isinstance(value, float) and isnan(value)):
        return "unknown"
    return value if isinstance(value, str) else f"{value:.6g}"
