import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.attribute import LONGEST_TEXT, MOST_ITEMS, Value, check_values, parse_value, read_value, suggest
from rules.workspace import Attribute, AttributeType

COLOURS = ("red", "green")


@pytest.mark.parametrize(
    ("type", "raw", "value"),
    [
        ("string", "x", "x"),
        ("int", -3, -3),
        ("float", 3, 3.0),
        ("float", 2.5, 2.5),
        ("bool", True, True),
        ("timestamp", "1970-01-01T00:00:01Z", 1000),
        ("list", ["b", "a", "b"], ("b", "a")),
        ("map", {"a": 1}, {"a": 1.0}),
    ],
)
def test_reads_each_type(type: AttributeType, raw: object, value: Value) -> None:
    read = read_value(Attribute(type), raw)
    assert read == value
    assert read.__class__ is value.__class__


@pytest.mark.parametrize(
    ("type", "raw", "sentence"),
    [
        ("string", 1, "must be a string, not a whole number"),
        ("int", True, "must be a whole number, not true or false"),
        ("int", 1.0, "must be a whole number, not a number"),
        ("int", 2**63, "64 bits"),
        ("float", "1", "must be a number, not a string"),
        ("float", math.nan, "finite"),
        ("float", -math.inf, "finite"),
        ("float", 10**400, "finite"),
        ("bool", 1, "must be true or false, not a whole number"),
        ("timestamp", 0, "must be a moment like"),
        ("timestamp", "99999-01-01T00:00:00Z", "not a moment"),
        ("list", "a", "must be a list of strings, not a string"),
        ("list", ["a", 1], "holds a whole number"),
        ("map", ["a"], "must be a map of strings to numbers, not a list"),
        ("map", {"a": "b"}, "at key 'a': must be a number"),
        ("map", {"a": math.nan}, "at key 'a': must be a finite number"),
        ("map", {1: 1.0}, "as a key"),
        ("string", None, "not null"),
    ],
)
def test_refuses_what_breaks_the_type(type: AttributeType, raw: object, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        read_value(Attribute(type), raw)


@pytest.mark.parametrize(("type", "raw"), [("string", "gren"), ("list", ["red", "gren"]), ("map", {"gren": 1.0})])
def test_a_closed_set_names_the_value_that_was_meant(type: AttributeType, raw: object) -> None:
    with pytest.raises(ValueError, match="'gren' is not among the declared values; did you mean 'green'"):
        read_value(Attribute(type, COLOURS), raw)


@pytest.mark.parametrize(
    ("type", "text", "value"),
    [
        ("string", " x ", " x "),
        ("int", " +7 ", 7),
        ("float", "1e3", 1000.0),
        ("float", ".5", 0.5),
        ("bool", "TRUE", True),
        ("bool", "0", False),
        ("timestamp", "1970-01-02", 86_400_000),
        ("list", "a | b|a", ("a", "b")),
        ("map", "a=1.5| b=2 |c=d=3", {"a": 1.5, "b": 2.0, "c=d": 3.0}),
    ],
)
def test_parses_cells(type: AttributeType, text: str, value: Value) -> None:
    assert parse_value(Attribute(type), text) == value


@pytest.mark.parametrize(
    ("type", "text"),
    [
        ("int", "1.0"),
        ("int", "1_000"),
        ("int", "9" * 5000),
        ("int", "٣"),
        ("float", "nan"),
        ("float", "inf"),
        ("float", "1e999"),
        ("float", "1,5"),
        ("float", "1_0"),
        ("bool", "maybe"),
        ("timestamp", "soon"),
        ("list", "a||b"),
        ("map", "a"),
        ("map", "=1"),
        ("map", "a=1|a=2"),
        ("map", "a=x"),
    ],
)
def test_refuses_cells_that_break_the_type(type: AttributeType, text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_value(Attribute(type), text)


@given(st.integers(-(2**63), 2**63 - 1))
def test_every_int64_survives_a_cell(number: int) -> None:
    assert parse_value(Attribute("int"), str(number)) == number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_float_survives_a_cell(number: float) -> None:
    assert parse_value(Attribute("float"), repr(number)) == number


def test_all_faults_are_listed_and_null_is_absent() -> None:
    declared = {"age": Attribute("int"), "tier": Attribute("string", COLOURS), "gone": Attribute("bool")}
    values, faults = check_values(declared, {"age": "x", "tier": "red", "gone": None, "agee": 1}, "context")
    assert values == {"tier": "red"}
    assert [fault.field for fault in faults] == ["context.age", "context.agee"]
    assert "did you mean 'age'" in faults[1].message


@pytest.mark.parametrize(
    ("type", "fits", "grows"),
    [
        ("string", "é" * LONGEST_TEXT, "é" * (LONGEST_TEXT + 1)),
        ("list", ["a"] * MOST_ITEMS, ["a"] * (MOST_ITEMS + 1)),
        ("list", ["a" * LONGEST_TEXT], ["a" * (LONGEST_TEXT + 1)]),
        ("map", {str(key): 1.0 for key in range(MOST_ITEMS)}, {str(key): 1.0 for key in range(MOST_ITEMS + 1)}),
        ("map", {"a" * LONGEST_TEXT: 1.0}, {"a" * (LONGEST_TEXT + 1): 1.0}),
    ],
)
def test_values_may_only_be_so_large(type: AttributeType, fits: object, grows: object) -> None:
    declared = {"it": Attribute(type)}
    assert check_values(declared, {"it": fits}, "customer")[1] == ()
    (fault,) = check_values(declared, {"it": grows}, "customer")[1]
    assert fault.field == "customer.it"
    assert "give at most" in fault.message


def test_only_the_first_unknown_names_are_looked_up() -> None:
    _, faults = check_values({"age": Attribute("int")}, {f"age{at}": 1 for at in range(250)}, "context")
    assert len(faults) == 250
    assert sum("did you mean" in fault.message for fault in faults) == 8
    assert "did you mean" not in suggest("a" * 100_000, ["a" * 100_001])


def test_a_fault_shows_the_beginning_of_a_long_word() -> None:
    _, (fault,) = check_values({"it": Attribute("string", COLOURS)}, {"it": "x" * LONGEST_TEXT}, "context")
    assert len(fault.message) < 200


def test_what_a_truth_may_be_written_as_is_told() -> None:
    with pytest.raises(ValueError, match="write true, false, 1, 0"):
        parse_value(Attribute("bool"), "yes")
