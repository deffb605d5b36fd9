"""What an expression may be, what it reads and when it is computed, and how refused constructs are named."""

import pytest

from rules.errors import ExpressionError
from rules.expression import Binding, compile_expression
from rules.expression.compilation import Gives
from tests.rules.expression.world import SCHEMA


@pytest.mark.parametrize(
    ("source", "binding", "reads"),
    [
        ("true", Binding.OFFER, ()),
        ("offer.count + 1 > 2", Binding.OFFER, ("offer.count",)),
        ("customer.flag && now > customer.moment", Binding.REQUEST, ("customer.flag", "customer.moment", "now")),
        ("has(customer.flag)", Binding.REQUEST, ("customer.flag",)),
        ("offer.brand in affinity.brand", Binding.PAIR, ("affinity.brand", "offer.brand")),
        ("customer.tags.exists(t, t in offer.tags)", Binding.PAIR, ("customer.tags", "offer.tags")),
        ("customer.tags.exists(t, t == 'a')", Binding.REQUEST, ("customer.tags",)),
        ("customer['flag'] && context['late-check']", Binding.REQUEST, ("context.late-check", "customer.flag")),
        ("('a' + 'b').startsWith('a')", Binding.OFFER, ()),
        ("customer.word in ['a', 'b'] && 1 < 2", Binding.REQUEST, ("customer.word",)),
        ("offer.tags.exists(t, t == 'a')", Binding.OFFER, ("offer.tags",)),
        ("activity.stays.recency < 3.0", Binding.REQUEST, ("activity.stays.recency",)),
    ],
)
def test_binding_and_reads(source: str, binding: Binding, reads: tuple[str, ...]) -> None:
    compiled = compile_expression(source, SCHEMA, gives="bool")
    assert (compiled.binding, compiled.reads, compiled.type.name) == (binding, reads, "bool")


@pytest.mark.parametrize(
    ("source", "named"),
    [
        ("", "empty"),
        ("true &&", "not CEL"),
        ("'abc", "not CEL"),
        ("custmer.flag", "'custmer' is not known"),
        ("customer.flagg", "did you mean customer.flag?"),
        ("customer.zzz", "declared are"),
        ("offer.nothing", "offer.nothing is not declared"),
        ("customer", "customer is not a value by itself"),
        ("activity.stays", "name one of frequency, monetary, recency"),
        ("activity.stays.total > 1", "activity.stays.total is not declared"),
        ("customer.word.length == 1", "has no field 'length'"),
        ("customer.count > 1.5", "does not mix int and double; wrap the int as double"),
        ("offer.amount > 100", "write 100.0 instead of 100"),
        ("customer.word == 3", "`==` does not take string and int"),
        ("customer.flag && 1", "`&&` joins bools"),
        ("customer.count ? true : false", "the condition before `?` is a int"),
        ("customer.flag ? 1 : 'a'", "make both sides the same type"),
        ("customer.flag ? customer.tags : offer.tags", "cannot choose between"),
        ("!customer.count", "`!` does not take int"),
        ("customer.amount % 2.0 == 0.0", "`%` does not take double and double"),
        ("null == null", "nothing is ever null"),
        ("1u == 1u", "unsigned"),
        ("b'a' == b'a'", "bytes"),
        ("{'a': 1}['a'] == 1", "a map written with {}"),
        ("Thing{a: 1}", "building a message"),
        (".customer.flag", "dot ident"),
        ("[1, 2] == [1, 2]", "a list can only stand"),
        ("customer.tags == offer.tags", "`==` does not take list"),
        ("customer.tags[0] == 'a'", "a list keeps no order"),
        ("customer.points == offer.points", "`==` does not take map"),
        ("customer.points[1] == 1.0", "keys of a map are strings"),
        ("customer.word[0] == 'a'", "only maps have"),
        ("1 in customer.tags", "`in` looks for a int"),
        ("'a' in customer.word", "`in` needs a list or a map"),
        ("customer.word in ['a', 1]", "this item is a int"),
        ("customer.tags.map(t, t) == 1", ".map() is not supported"),
        ("customer.tags.filter(t, true)", ".filter() is not supported"),
        ("customer.tags.exists_one(t, true)", ".exists_one() is not supported"),
        ("customer.tags.exists(1, true)", "takes a variable and a condition"),
        ("customer.tags.all(t, t)", "the condition of .all() is a string"),
        ("customer.word.all(t, true)", "goes over a list"),
        ("[customer.word].exists(t, t == 'a')", "takes literals"),
        ("customer.word.matches('(')", "is not RE2"),
        ("customer.word.matches(customer.word)", "written in place"),
        ("customer.word.upper() == 'A'", "known are startsWith"),
        ("customer.count.getHours() == 1", "no supported method getHours"),
        ("(now - now).getMilliseconds() == 1", "no supported method getMilliseconds"),
        ("now.getHours('Europe/Lisbon') == 1", "write an offset from UTC"),
        ("now.getHours(customer.word) == 1", "offset written in place"),
        ("timestamp(customer.word) < now", "one string written in place"),
        ("timestamp('yesterday') < now", "not RFC 3339"),
        ("timestamp('2024-02-30T00:00:00Z') < now", "not a date of the calendar"),
        ("timestamp('2024-02-03T00:00:00.0001Z') < now", "finer than a millisecond"),
        ("duration('soon') < duration('1s')", "not a duration"),
        ("duration('1us') < duration('1s')", "finer than a millisecond"),
        ("string(customer.count) == '1'", "string() of a int is refused"),
        ("dyn(1) == 1", "dyn() is not a supported function"),
        ("has(customer)", "has() takes an attribute"),
        ("has(now)", "has() takes an attribute"),
        ("has(customer.flag, 1)", "has() takes one argument"),
        ("size(customer.count) == 1", "size() takes a string"),
        ("9223372036854775808 > 1", "does not fit in 64 bits"),
        ("1e999 > 1.0", "larger than any double"),
        ("1. > 1.0", "needs a digit after the point"),
        (r"'\q' == 'a'", "is not an escape"),
        (r"'\ud800' == 'a'", "is not a character"),
        ("customer.count", "gives a int where a bool is needed"),
        ("!" * 200 + "true", "nested too deeply"),
        ("true || " * 2000 + "true", "split it"),
    ],
)
def test_refusals_name_the_construct(source: str, named: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_expression(source, SCHEMA, gives="bool")
    assert named in str(caught.value)


def test_nested_macros_over_written_lists_are_bounded() -> None:
    source = "true"
    for name in "abcdefgh":
        source = f"[1,2,3,4,5,6,7,8,9].all({name}, {source})"
    with pytest.raises(ExpressionError, match="grows too large"):
        compile_expression(source, SCHEMA, gives="bool")


def test_the_column_is_told() -> None:
    with pytest.raises(ExpressionError, match=r"^column 18: customer\.nobody"):
        compile_expression("customer.flag && customer.nobody", SCHEMA, gives="bool")


@pytest.mark.parametrize(
    ("source", "gives"), [("customer.word", "number"), ("customer.moment", "feature"), ("true", "number")]
)
def test_what_is_wanted_is_told(source: str, gives: Gives) -> None:
    with pytest.raises(ExpressionError, match="is needed"):
        compile_expression(source, SCHEMA, gives=gives)


def test_offer_only_is_demanded() -> None:
    with pytest.raises(ExpressionError, match=r"only read the offer, and it reads customer\.flag"):
        compile_expression("offer.flag && customer.flag", SCHEMA, gives="bool", binding=Binding.OFFER)
    compile_expression("offer.flag", SCHEMA, gives="bool", binding=Binding.OFFER)
