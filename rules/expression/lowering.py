"""From the nodes of a graph to a tape: each operation becomes an instruction, each value has its register."""

from collections.abc import Sequence
from struct import Struct
from typing import Literal, NamedTuple, TypeGuard

from rules.expression import opcode
from rules.expression import tape_kernel as kernel
from rules.expression.cell import Cell, Coded
from rules.expression.node import Detail, Node
from rules.expression.shared import Shared
from rules.expression.type import TypeName

_NUMBERS: dict[TypeName, int] = {
    "bool": kernel.NUMBER_OF_BOOL,
    "float": kernel.NUMBER_OF_FLOAT,
    "string": kernel.NUMBER_OF_WORD,
}
_FLOAT, _INT = Struct("=d"), Struct("=q")


class Instruction(NamedTuple):
    """An operation, the register it fills, those it reads, and the numbers that stand in it."""

    op: int
    to: int
    reads: tuple[int, ...]
    numbers: tuple[int, ...]


Form = TypeName | Literal["number of word", "presence"]
"""What is taken of a request's value: the value, the number of a word instead of its code, or whether it is there."""


class Input(NamedTuple):
    """What a request gives for all rows: a fact by its path, or the cell of a slot."""

    form: Form
    path: str = ""
    slot: int = -1


class Wide(NamedTuple):
    """A row of values that the tape loads: a cell that is known already, or that of a slot at each run."""

    type: TypeName
    cell: Cell | None
    slot: int


class Lowering:
    """The tape of some nodes while it is written.

    A value is wide when it differs from offer to offer, else narrow: the narrow part of the tape runs once. Either part
    loads what it does not compute itself: `inputs` the narrow one, as its `leaves`, and `given` the wide one.
    """

    def __init__(self, nodes: Sequence[Shared], known: Sequence[Cell | None]) -> None:
        self._nodes = nodes
        self._known = known
        self._narrow: dict[int, int] = {}
        self._wide: dict[int, int] = {}
        self._spread: dict[int, int] = {}
        self.leaves: list[Instruction] = []
        self.narrow_code: list[Instruction] = []
        self.wide_code: list[Instruction] = []
        self.codes: dict[str, int] = {}
        self.inputs: list[Input] = []
        self.given: list[Wide] = []
        self.tables: dict[tuple[str, TypeName], int] = {}
        self._input_of: dict[tuple[str, bool], int] = {}
        self.narrow_registers = 0
        self._registers = 0

    def code(self, word: str) -> int:
        """The code of a word that is known at publish."""
        return self.codes.setdefault(word, len(self.codes))

    def store(self, slot: int, op: int, to: int, wide: bool) -> None:
        """Write the value of a slot to an output."""
        code = self.wide_code if wide else self.narrow_code
        code.append(Instruction(op, to, (self._at(slot, wide),), ()))

    def store_number(self, slot: int, to: int, wide: bool) -> None:
        """Write the value of a slot to an output as a number."""
        node = self._nodes[slot].node
        if node.op == "fact" and node.type.name == "string" and not wide:
            # Nothing is looked up with it here, so the word needs no code.
            register = self._leaf(kernel.LOAD, self._input("number of word", str(node.detail)))
            self.narrow_code.append(Instruction(kernel.NUMBER_OF_FLOAT, to, (register,), ()))
        else:
            self.store(slot, _NUMBERS.get(node.type.name, kernel.NUMBER_OF_INT), to, wide)

    def _at(self, slot: int, wide: bool) -> int:
        """The register of a slot's value; a narrow one is spread over the rows where a wide one is needed."""
        shared = self._nodes[slot]
        if wide and not shared.wide:
            if slot not in self._spread:
                narrow = self._at(slot, False)
                op = kernel.SPREAD_BOOL if shared.node.type.name == "bool" else kernel.SPREAD
                self._spread[slot] = self._emit(True, op, (), narrow)
            return self._spread[slot]
        found = self._wide if wide else self._narrow
        if slot not in found:
            found[slot] = self._lower(slot, shared)
        return found[slot]

    def _lower(self, slot: int, shared: Shared) -> int:
        node, wide = shared.node, shared.wide
        cell = self._known[slot]
        if wide and cell is not None:
            data = cell[0]
            for word in data.vocabulary.words if isinstance(data, Coded) else [data] if isinstance(data, str) else []:
                self.code(word)
            return self._load(node.type.name, cell, slot)
        if not opcode.is_on_tape(node):
            return self._cell(slot, shared)
        if not node.operands:
            return self._lower_leaf(node)
        looked_up = self._look_up(shared)
        return self._compute(shared) if looked_up is None else looked_up

    def _cell(self, slot: int, shared: Shared) -> int:
        type = shared.node.type.name
        if shared.wide:
            return self._load(type, None, slot)
        self.inputs.append(Input(type, slot=slot))
        return self._leaf(kernel.LOAD, len(self.inputs) - 1)

    def _load(self, type: TypeName, cell: Cell | None, slot: int) -> int:
        self.given.append(Wide(type, cell, slot))
        return self._emit(True, kernel.LOAD, (), len(self.given) - 1)

    def _lower_leaf(self, node: Node) -> int:
        type = node.type.name
        if node.op == "fact":
            return self._leaf(kernel.LOAD, self._input(type, str(node.detail)))
        if node.op == "has_fact":
            return self._leaf(kernel.PRESENT, self._input("presence", str(node.detail)))
        value = node.detail
        assert value is not None
        return self._constant(self.code(value) if isinstance(value, str) else value, type)

    def _input(self, form: Form, path: str) -> int:
        """The place of a fact among the inputs, each of which is read once; whatever is read is seen to be there."""
        known = path, form == "number of word"
        at = self._input_of.setdefault(known, len(self.inputs))
        if at == len(self.inputs):
            self.inputs.append(Input(form, path))
        elif form != "presence":
            self.inputs[at] = Input(form, path)
        return at

    def _constant(self, value: int | float, type: TypeName) -> int:
        if type == "bool":
            return self._leaf(kernel.CONSTANT, 0, kernel.TRUE if value else kernel.FALSE)
        bits = _INT.unpack(_FLOAT.pack(value))[0] if type == "float" else int(value)
        return self._leaf(kernel.CONSTANT, bits, kernel.FALSE)

    def _table(self, slot: int) -> int:
        node = self._nodes[slot].node
        return self.tables.setdefault((str(node.detail), node.type.name), len(self.tables))

    def _look_up(self, shared: Shared) -> int | None:
        """Look-ups in the lists and maps of the request, and the choice between a found value and a constant."""
        node, wide = shared.node, shared.wide
        if node.op == "in_list":
            key, where = shared.operands
            return self._emit(wide, kernel.HELD, (self._at(key, wide),), self._table(where), 0)
        if node.op in ("found", "value"):
            where, key = self._nodes[shared.operands[0]].operands
            op = kernel.HELD if node.op == "found" else kernel.VALUE
            held = self._emit(wide, op, (self._at(key, wide),), self._table(where), 0)
            return self._as(node.type.name, wide, held)
        if [operand.op for operand in node.operands] == ["found", "value", "constant"]:
            found, value = (self._nodes[slot] for slot in shared.operands[:2])
            other = node.operands[2].detail
            if found.operands == value.operands and opcode.is_on_tape(found.node) and _is_exact(other):
                where, key = self._nodes[found.operands[0]].operands
                instead = self._constant(other, "float")
                held = self._emit(wide, kernel.VALUE_OR, (self._at(key, wide),), self._table(where), instead)
                return self._as(node.type.name, wide, held)
        return None

    def _as(self, type: TypeName, wide: bool, held: int) -> int:
        """What a table holds is a double; an int of a map is a count, so small that it is exact as one."""
        return self._emit(wide, kernel.INT_OF_FLOAT, (held,)) if type == "int" else held

    def _compute(self, shared: Shared) -> int:  # noqa: PLR0911 - one case per kind of operation
        node, wide = shared.node, shared.wide
        of = tuple(self._at(slot, wide) for slot in shared.operands)
        compared = opcode.comparison(node)
        if compared is not None:
            tested = self._emit(wide, compared.op, of[::-1] if compared.mirrored else of)
            return self._emit(wide, kernel.NOT, (tested,)) if compared.negated else tested
        match node.op:
            case "and" | "or":
                return self._chain(wide, kernel.AND if node.op == "and" else kernel.OR, of)
            case "in_items":
                return self._is_any(node, wide, of)
            case "choose":
                return self._emit(wide, kernel.CHOOSE_BOOL if node.type.name == "bool" else kernel.CHOOSE, of)
            case "negate_int":
                return self._emit(wide, kernel.SUBTRACT_INTS, (self._int(0, wide), *of))
            case "int_of_instant":
                return self._emit(wide, kernel.WHOLE, of, 1_000)
            case "duration_in":
                return self._emit(wide, kernel.DIVIDE_INTS, (*of, self._int(int(node.detail or 1), wide)))
        if node.op in opcode.BOUNDED:
            op, least, most = opcode.BOUNDED[node.op]
            return self._emit(wide, kernel.INSIDE, (self._emit(wide, op, of),), least, most)
        if node.op.startswith("part_"):
            part, offset = node.op.removeprefix("part_"), int(node.detail or 0)
            if part in opcode.CLOCK:
                return self._emit(wide, kernel.REST, of, offset, *opcode.CLOCK[part])
            return self._emit(wide, opcode.DATES[part][0], of, offset, opcode.DATES[part][1])
        return self._emit(wide, opcode.DIRECT[node.op], of)

    def _is_any(self, node: Node, wide: bool, of: tuple[int, ...]) -> int:
        """`x in [a, b]`: nothing absorbs an error there; without items it is false where `x` is no error."""
        same = opcode.equality(node.operands[0].type.name)
        if len(of) == 1:
            # Bit by bit, for even a number that is not one is itself.
            itself = same if same == kernel.SAME else kernel.EQUAL_INTS
            return self._emit(wide, kernel.NOT, (self._emit(wide, itself, (of[0], of[0])),))
        return self._chain(wide, kernel.STRICT_OR, tuple(self._emit(wide, same, (of[0], item)) for item in of[1:]))

    def _chain(self, wide: bool, op: int, of: tuple[int, ...]) -> int:
        joined = of[0]
        for part in of[1:]:
            joined = self._emit(wide, op, (joined, part))
        return joined

    def _int(self, number: int, wide: bool) -> int:
        to = self._constant(number, "int")
        return self._emit(True, kernel.SPREAD, (), to) if wide else to

    def _emit(self, wide: bool, op: int, reads: tuple[int, ...], *numbers: int) -> int:
        if wide:
            to = self._registers
            self._registers += 1
            self.wide_code.append(Instruction(op, to, reads, numbers))
        else:
            to = self._narrow_register()
            self.narrow_code.append(Instruction(op, to, reads, numbers))
        return to

    def _leaf(self, op: int, *numbers: int) -> int:
        to = self._narrow_register()
        self.leaves.append(Instruction(op, to, (), numbers))
        return to

    def _narrow_register(self) -> int:
        self.narrow_registers += 1
        return self.narrow_registers - 1


def _is_exact(number: Detail) -> TypeGuard[int | float]:
    """Whether a constant is the same number as a double."""
    return isinstance(number, float) or (isinstance(number, int) and float(number) == number)
