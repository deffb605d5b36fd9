"""Random well-typed expressions, offers and facts."""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from hypothesis import strategies as st

from tests.rules.expression.world import ALWAYS_THERE, BRANDS

T = TypeVar("T")


class Draw(Protocol):
    """Hypothesis's `draw`."""

    def __call__(self, strategy: st.SearchStrategy[T], /) -> T: ...


WORDS = ("a", "b", "ab", "Alba", "Brisa", "", "é√")
INTS = (0, 1, -1, 2, 3, 7, -7, 100, 2**62, 2**63 - 1, -(2**63), -(2**63) + 1)
FLOATS = (0.0, 1.0, -1.0, 0.5, 2.5, -7.25, 1e3, 1e300, -1e300, 1e-300)
MOMENTS = (0, 1_700_000_000_123, 1_709_164_800_000, 1_735_689_599_999, 951_782_400_000, 4_102_444_800_001)
PATTERNS = ("'^A'", "'b$'", "'[a-b]+'")
ZONES = ("", "", "'+01:00'", "'-09:30'")

words = st.sampled_from(WORDS)
floats = st.sampled_from(FLOATS)
tags = st.lists(words, max_size=3, unique=True).map(tuple)
points = st.dictionaries(words, floats, max_size=3)

ATTRIBUTES: dict[str, st.SearchStrategy[Any]] = {
    "flag": st.booleans(),
    "count": st.sampled_from(INTS),
    "amount": floats,
    "word": words,
    "brand": st.sampled_from(BRANDS),
    "moment": st.sampled_from(MOMENTS),
    "tags": tags,
    "points": points,
}

offers = st.lists(st.fixed_dictionaries({}, optional=ATTRIBUTES), min_size=1, max_size=5)


@st.composite
def facts(draw: Draw) -> dict[str, Any]:
    """Facts of a request: what may be absent sometimes is."""
    known = dict(ALWAYS_THERE)
    customer = draw(st.fixed_dictionaries({}, optional=ATTRIBUTES))
    known |= {f"customer.{name}": value for name, value in customer.items()}
    optional: dict[str, st.SearchStrategy[Any]] = {
        "context.word": words,
        "trait.preferred": words,
        "activity.stays.recency": floats,
    }
    known |= draw(st.fixed_dictionaries({}, optional=optional))
    known["now"] = draw(st.sampled_from(MOMENTS))
    known["affinity.brand"] = draw(st.dictionaries(st.sampled_from((*BRANDS, "a")), floats, max_size=3))
    known["contacts.brand_shown"] = draw(st.dictionaries(st.sampled_from(BRANDS), st.integers(0, 5), max_size=3))
    known["contacts.shown"] = draw(st.integers(0, 5))
    return known


LEAVES: dict[str, tuple[str, ...]] = {
    "bool": ("customer.flag", "offer.flag", "true", "false"),
    "int": ("customer.count", "offer.count", "contacts.shown", "activity.stays.frequency"),
    "float": ("customer.amount", "offer.amount", "activity.stays.recency", "customer.points.a", "offer.points.b"),
    "string": ("customer.word", "offer.word", "offer.brand", "context.word", "trait.preferred", "channel", "offer.id"),
    "timestamp": ("customer.moment", "offer.moment", "now", "timestamp('2024-02-29T12:30:15.250Z')"),
    "list": ("customer.tags", "offer.tags"),
    "map": ("customer.points", "offer.points", "affinity.brand"),
}
HAS = (
    *(f"has({root}.{name})" for root in ("customer", "offer") for name in ATTRIBUTES),
    *("has(context.word)", "has(trait.preferred)", "has(affinity.brand.Alba)", "has(activity.stays.recency)"),
)


def _literal(draw: Draw, type: str) -> str:
    match type:
        case "int":
            return str(draw(st.sampled_from(INTS)))
        case "float":
            return repr(draw(floats))
        case "string":
            return '"' + draw(words) + '"'
        case "timestamp":
            return "now"
    return draw(st.sampled_from(("true", "false")))


def _leaf(draw: Draw, type: str, scope: tuple[str, ...]) -> str:
    if type == "duration":
        return draw(st.sampled_from(("duration('36h')", "duration('-90m')", "duration('1.5s')", "duration('0s')")))
    if type in ("list", "map"):
        return draw(st.sampled_from(LEAVES[type]))
    if type == "string" and scope and draw(st.booleans()):
        return draw(st.sampled_from(scope))
    return _literal(draw, type) if draw(st.integers(0, 3)) == 0 else draw(st.sampled_from(LEAVES[type]))


def expression(draw: Draw, type: str, depth: int, scope: tuple[str, ...] = ()) -> str:
    """A source of one type, at most so deep; `scope` are the macro variables in force (strings)."""
    if depth <= 0 or type in ("list", "map") or draw(st.integers(0, 5)) == 0:
        return _leaf(draw, type, scope)

    def part(of: str) -> str:
        return expression(draw, of, depth - 1, scope)

    options: list[Callable[[], str]] = [lambda: f"({part('bool')} ? {part(type)} : {part(type)})"]
    match type:
        case "bool":
            options = _bools(draw, depth, scope, part)
        case "int":
            sign = draw(st.sampled_from("+-*/%"))
            getter = draw(
                st.sampled_from(("getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek", "getHours"))
            )
            zone = draw(st.sampled_from(ZONES))
            options += [
                lambda: f"({part('int')} {sign} {part('int')})",
                lambda: f"-({part('int')})",
                lambda: f"size({part(draw(st.sampled_from(('string', 'list', 'map'))))})",
                lambda: f"{part('timestamp')}.{getter}({zone})",
                lambda: f"{part('timestamp')}.{draw(st.sampled_from(('getMinutes', 'getSeconds', 'getDayOfYear')))}()",
                lambda: f"contacts.brand_shown[{part('string')}]",
            ]
        case "float":
            options += [
                lambda: f"({part('float')} {draw(st.sampled_from('+-*'))} {part('float')})",
                lambda: f"({part('float')} / {draw(st.sampled_from(('2.0', '-0.5', '3.0')))})",
                lambda: f"-({part('float')})",
                lambda: f"double({part('int')})",
                lambda: f"{part('map')}[{part('string')}]",
            ]
        case "string":
            options.append(lambda: f"({part('string')} + {part('string')})")
        case "timestamp":
            options.append(lambda: f"({part('timestamp')} {draw(st.sampled_from('+-'))} {part('duration')})")
        case "duration":
            options += [
                lambda: f"({part('timestamp')} - {part('timestamp')})",
                lambda: f"({part('duration')} + {part('duration')})",
            ]
    return draw(st.sampled_from(options))()


def _bools(draw: Draw, depth: int, scope: tuple[str, ...], part: Callable[[str], str]) -> list[Callable[[], str]]:
    scalars = st.sampled_from(("bool", "int", "float", "string", "timestamp", "duration"))
    name = "xyz"[len(scope)] if len(scope) < 3 else "z"

    def compared() -> str:
        type = draw(scalars)
        signs = ("==", "!=") if type == "bool" else ("==", "!=", "<", "<=", ">", ">=")
        return f"({part(type)} {draw(st.sampled_from(signs))} {part(type)})"

    def quantified() -> str:
        where, macro = part(draw(st.sampled_from(("list", "map")))), draw(st.sampled_from(("exists", "all")))
        return f"{where}.{macro}({name}, {expression(draw, 'bool', depth - 1, (*scope, name))})"

    def listed() -> str:
        type = draw(st.sampled_from(("int", "string", "float")))
        return f"({part(type)} in [{', '.join(part(type) for _ in range(draw(st.integers(0, 3))))}])"

    return [
        compared,
        compared,
        lambda: f"({part('bool')} && {part('bool')})",
        lambda: f"({part('bool')} || {part('bool')} || {part('bool')})",
        lambda: f"!({part('bool')})",
        lambda: draw(st.sampled_from(HAS)),
        lambda: f"({part('string')} in {part(draw(st.sampled_from(('list', 'map'))))})",
        lambda: f"{part('string')}.{draw(st.sampled_from(('startsWith', 'endsWith', 'contains')))}({part('string')})",
        lambda: f"{part('string')}.matches({draw(st.sampled_from(PATTERNS))})",
        listed,
        quantified,
        lambda: f"({part('bool')} ? {part('bool')} : {part('bool')})",
    ]
