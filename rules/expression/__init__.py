"""The rule language: CEL, typed and classified by binding at publish, evaluated by one compiled kernel.

source → `parser` (syntax tree) → `checker` (typed nodes with a binding) → `program` (shared nodes) → `bound_program`
(offer-only nodes are arrays, the rest waits for the facts of a request) → `lowering` (instructions) → `tape`.

Per request, Python only copies the facts that are read into flat arrays (`intake`), unless somebody else has filled
them (`Taken`); `tape_kernel` does the rest in one call. Functions of strings, lists and maps of offers, and macros are
steps in numpy (`step`) that feed the tape.
"""

from rules.expression.binding import Binding
from rules.expression.bound_program import Answers, BoundProgram
from rules.expression.compilation import Expression, Gives, compile_expression
from rules.expression.intake import Taken
from rules.expression.program import Program
from rules.expression.schema import Schema
from rules.expression.value import Value

__all__ = [
    "Answers",
    "Binding",
    "BoundProgram",
    "Expression",
    "Gives",
    "Program",
    "Schema",
    "Taken",
    "Value",
    "compile_expression",
]
