"""From source to syntax tree, with the grammar and parser of cel-python."""

from celpy.celparser import CELParseError, CELParser
from lark import Token, Tree

from rules.errors import ExpressionError
from rules.expression.literal import read_float, read_int, read_string
from rules.expression.refusal import refusal
from rules.expression.syntax import Call, Index, Items, Literal, Name, Select, Syntax

LONGEST_SOURCE = 10_000
DEEPEST_SOURCE = 60

_OPERATORS = {
    "relation_lt": "<",
    "relation_le": "<=",
    "relation_gt": ">",
    "relation_ge": ">=",
    "relation_eq": "==",
    "relation_ne": "!=",
    "relation_in": "in",
    "addition_add": "+",
    "addition_sub": "-",
    "multiplication_mul": "*",
    "multiplication_div": "/",
    "multiplication_mod": "%",
}
_REFUSED_LITERALS = {
    "UINT_LIT": "unsigned ints are not used here; leave out the `u`",
    "BYTES_LIT": "bytes are not used here; write a string",
    "NULL_LIT": "nothing is ever null here; ask for an absent attribute with has()",
}


def parse_source(source: str) -> Syntax:
    """The syntax tree of a CEL source; raises `ExpressionError` with the column where it is not CEL."""
    if len(source) > LONGEST_SOURCE:
        raise ExpressionError(f"the expression has {len(source)} characters; split it: {LONGEST_SOURCE} are the most")
    if not source.strip():
        raise ExpressionError("the expression is empty; write `true` if everything is meant")
    try:
        tree = CELParser().parse(source)
        return _build(tree, 0)
    except CELParseError as error:
        column = error.column if isinstance(error.column, int) and error.column > 0 else len(source)
        raise refusal(
            column,
            f"this is not CEL near {source[max(column - 1, 0) :][:20]!r}; look for a missing operand, quote or bracket",
        ) from error
    except RecursionError as error:
        raise ExpressionError("the expression is nested too deeply; split it into several rules") from error


def _build(tree: Tree[Token], depth: int) -> Syntax:  # noqa: PLR0911, PLR0912 - one case per rule of the grammar
    while len(tree.children) == 1 and tree.data not in _LEAVES:
        child = tree.children[0]
        assert isinstance(child, Tree)
        tree = child
    column = tree.meta.column
    if depth > DEEPEST_SOURCE:
        raise refusal(column, "the expression is nested too deeply; split it into several rules")
    kind = str(tree.data)
    deeper = depth + 1
    match kind, tree.children:
        case "expr", [Tree() as condition, Tree() as then, Tree() as otherwise]:
            parts = (_build(condition, deeper), _build(then, deeper), _build(otherwise, deeper))
            return Call("?:", parts, column)
        case (("conditionalor" | "conditionaland"), [Tree(), Tree()]):
            operands = tuple(_build(part, deeper) for part in _chain(tree, kind))
            return Call("||" if kind == "conditionalor" else "&&", operands, column)
        case (("relation" | "addition" | "multiplication"), [Tree() as left, Tree() as right]):
            operand = left.children[0]
            assert isinstance(operand, Tree)
            return Call(_OPERATORS[str(left.data)], (_build(operand, deeper), _build(right, deeper)), column)
        case "unary", [Tree() as sign, Tree() as operand]:
            return Call("!" if sign.data == "unary_not" else "-", (_build(operand, deeper),), column)
        case "member_dot", [Tree() as operand, Token() as field]:
            return Select(_build(operand, deeper), str(field), column)
        case "member_dot_arg", [Tree() as receiver, Token() as function, *rest]:
            return Call(str(function), _list(rest, deeper), column, _build(receiver, deeper))
        case "member_index", [Tree() as operand, Tree() as index]:
            return Index(_build(operand, deeper), _build(index, deeper), column)
        case "ident_arg", [Token() as function, *rest]:
            return Call(str(function), _list(rest, deeper), column)
        case "ident", [Token() as name]:
            return Name(str(name), column)
        case "list_lit", rest:
            return Items(_list(rest, deeper), column)
        case "literal", [Token() as token]:
            return _literal(token, column)
        case "map_lit", _:
            raise refusal(column, "a map written with {} is not supported; compare the values one by one")
        case "member_object", _:
            raise refusal(column, "building a message with {} is not supported; leave it out")
    raise refusal(column, f"{kind.replace('_', ' ')} is not supported; write names without a leading dot")


_LEAVES = frozenset(
    {"ident", "literal", "list_lit", "map_lit", "ident_arg", "dot_ident", "dot_ident_arg", "member_object", "exprlist"}
)


def _chain(tree: Tree[Token], kind: str) -> list[Tree[Token]]:
    """The operands of a || b || c …, which the grammar nests to the left, in order."""
    operands: list[Tree[Token]] = []
    while len(tree.children) == 2 and tree.data == kind:
        left, right = tree.children
        assert isinstance(left, Tree)
        assert isinstance(right, Tree)
        operands.append(right)
        tree = left
    return [tree, *reversed(operands)]


def _list(rest: list[Tree[Token] | Token], depth: int) -> tuple[Syntax, ...]:
    if not rest:
        return ()
    items = rest[0]
    assert isinstance(items, Tree)
    return tuple(_build(item, depth) for item in items.children if isinstance(item, Tree))


def _literal(token: Token, column: int) -> Literal:
    text = str(token)
    match token.type:
        case "INT_LIT":
            return Literal(read_int(text, column), column)
        case "FLOAT_LIT":
            return Literal(read_float(text, column), column)
        case "STRING_LIT" | "MLSTRING_LIT":
            return Literal(read_string(text, column), column)
        case "BOOL_LIT":
            return Literal(text == "true", column)
    raise refusal(column, f"{text}: {_REFUSED_LITERALS.get(token.type, 'this literal is not supported')}")
