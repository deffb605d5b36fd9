"""How an expression is refused: the column, the construct, and what to do instead."""

from rules.errors import ExpressionError


def refusal(column: int, sentence: str) -> ExpressionError:
    """The error for the construct at a column (from 1); the sentence names it and says what to write."""
    return ExpressionError(f"column {column}: {sentence}")
