"""Which operators and functions take which types, what they give, and the kernel that does it."""

from rules.expression.type import BOOL, DURATION, FLOAT, INT, STRING, TIMESTAMP, Type

_ORDERED = (BOOL, INT, FLOAT, STRING, TIMESTAMP, DURATION)
_COMPARISONS = {"==": "equal", "!=": "unequal", "<": "less", "<=": "at_most", ">": "greater", ">=": "at_least"}

OPERATORS: dict[tuple[str, tuple[Type, ...]], tuple[str, Type]] = {
    ("+", (INT, INT)): ("add_ints", INT),
    ("-", (INT, INT)): ("subtract_ints", INT),
    ("*", (INT, INT)): ("multiply_ints", INT),
    ("/", (INT, INT)): ("divide_ints", INT),
    ("%", (INT, INT)): ("remainder_ints", INT),
    ("-", (INT,)): ("negate_int", INT),
    ("+", (FLOAT, FLOAT)): ("add_floats", FLOAT),
    ("-", (FLOAT, FLOAT)): ("subtract_floats", FLOAT),
    ("*", (FLOAT, FLOAT)): ("multiply_floats", FLOAT),
    ("/", (FLOAT, FLOAT)): ("divide_floats", FLOAT),
    ("-", (FLOAT,)): ("negate_float", FLOAT),
    ("+", (STRING, STRING)): ("concatenate", STRING),
    ("+", (TIMESTAMP, DURATION)): ("add_to_instant", TIMESTAMP),
    ("+", (DURATION, TIMESTAMP)): ("add_to_instant", TIMESTAMP),
    ("+", (DURATION, DURATION)): ("add_durations", DURATION),
    ("-", (TIMESTAMP, TIMESTAMP)): ("subtract_durations", DURATION),
    ("-", (TIMESTAMP, DURATION)): ("subtract_from_instant", TIMESTAMP),
    ("-", (DURATION, DURATION)): ("subtract_durations", DURATION),
    ("!", (BOOL,)): ("not", BOOL),
}
OPERATORS |= {
    (sign, (type, type)): (f"{op}_strings" if type is STRING else op, BOOL)
    for sign, op in _COMPARISONS.items()
    for type in _ORDERED
}

STRING_METHODS = {
    "startsWith": "starts_with",
    "endsWith": "ends_with",
    "contains": "contains",
}
"""Methods of a string that take one string and give a bool."""

CONVERSIONS: dict[tuple[str, Type], tuple[str, Type]] = {
    ("double", INT): ("double_of_int", FLOAT),
    ("int", FLOAT): ("int_of_double", INT),
    ("int", TIMESTAMP): ("int_of_instant", INT),
}
"""Conversions that compute something; converting to the same type is the value itself."""

INSTANT_PARTS = {
    "getFullYear": "year",
    "getMonth": "month",
    "getDate": "date",
    "getDayOfMonth": "day_of_month",
    "getDayOfWeek": "day_of_week",
    "getDayOfYear": "day_of_year",
    "getHours": "hours",
    "getMinutes": "minutes",
    "getSeconds": "seconds",
    "getMilliseconds": "milliseconds",
}
"""Getters of a timestamp."""

DURATION_UNITS = {"getHours": 3_600_000, "getMinutes": 60_000, "getSeconds": 1_000}
"""Getters of a duration, with the milliseconds in one unit."""
