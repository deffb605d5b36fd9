"""The rule language: CEL, typed and classified by binding at publish, evaluated as numpy.

source → `parser` (syntax tree) → `checker` (typed nodes with a binding) → `program` (shared nodes) → `bound_program`
(offer-only nodes are arrays, the rest waits for the facts of a request).
"""

from rules.expression.binding import Binding
from rules.expression.bound_program import BoundProgram
from rules.expression.compilation import Expression, Gives, compile_expression
from rules.expression.program import Program
from rules.expression.schema import Schema
from rules.expression.value import Value

__all__ = ["Binding", "BoundProgram", "Expression", "Gives", "Program", "Schema", "Value", "compile_expression"]
