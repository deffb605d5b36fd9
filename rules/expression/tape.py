"""A tape: the nodes of some roots as instructions, run by the kernel in one call per request."""

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rules.expression import tape_kernel as kernel
from rules.expression.cell import FAILED, Cell, Coded, Vocabulary, settled
from rules.expression.frame import Frame
from rules.expression.intake import Intake, Taken
from rules.expression.lowering import Instruction, Lowering
from rules.expression.shared import Shared
from rules.expression.type import TypeName
from rules.expression.words import Words
from rules.facts import Facts

Outlet = Literal["cells", "verdicts", "numbers"]
"""What a tape gives for a root: whatever it is; its states, which are wide; or numbers."""


Rows = tuple[NDArray[np.float64], NDArray[np.uint8]]
"""Numbers (float64; ints lie there bit by bit) and states, a row per value."""


_NOTHING: Rows = np.empty(0), np.empty(0, np.uint8)


def no_number(word: str) -> float:
    """Stands for the numbers of words where no number is asked for."""
    raise AssertionError(f"the number of {word!r} was asked for, and the program was bound without")


class Tape:
    """Roots, given by their slots, ready to run over the rows of one table; those of outlet `cells` keep to themselves.

    `known` are the cells that are known already; `word_number` gives the number of a word, for outlet `numbers`.
    """

    def __init__(
        self,
        nodes: Sequence[Shared],
        roots: Sequence[int],
        wide: Sequence[bool],
        rows: int,
        outlets: Sequence[Outlet],
        known: Sequence[Cell | None],
        word_number: Callable[[str], float],
    ) -> None:
        self._rows = rows
        lowering = Lowering(nodes, known)
        self.wide = tuple(wide)
        self._types = tuple(nodes[slot].node.type.name for slot in roots)
        alike = list(zip(outlets, wide, strict=True))
        self.places = tuple(alike[:at].count(one) for at, one in enumerate(alike))
        for slot, to, (outlet, is_wide), type in zip(roots, self.places, alike, self._types, strict=True):
            if outlet == "numbers":
                lowering.store_number(slot, to, is_wide)
            else:
                lowering.store(slot, kernel.STORE_BOOL if type == "bool" else kernel.STORE, to, is_wide)
        self._narrow_stored = len(alike) - sum(wide)
        self._wide_numbers = sum(wide) - alike.count(("verdicts", True)), rows
        self._wide_states = sum(wide) - alike.count(("numbers", True)), rows
        wide_code, registers = _allot(lowering.wide_code)
        narrow_code = [*lowering.leaves, *lowering.narrow_code]
        self._code = _array(
            (len(lowering.leaves), len(narrow_code), len(lowering.inputs), len(lowering.tables)),
            (lowering.narrow_registers, registers),
            [*narrow_code, *wide_code],
        )
        self._codes = lowering.codes
        self._given = _rows(len(lowering.given), rows)
        self._asked = [(at, wide) for at, wide in enumerate(lowering.given) if wide.cell is None]
        words = Words(self._codes)
        for at, given in enumerate(lowering.given):
            if given.cell is not None:
                _write(self._given, at, given.type, given.cell, words)
        self.intake = Intake(lowering, word_number)
        self.needs_frame = any(not input.path for input in lowering.inputs) or bool(self._asked)
        self._word_number = word_number
        self.numbers_words = bool((self._code[1:, 0] == kernel.NUMBER_OF_WORD).any())
        self._word_numbers = np.array([word_number(word) for word in self._codes if self.numbers_words], np.float64)

    def run(self, facts: Facts, frame: Frame | None) -> tuple[Rows, Rows, Words]:
        """The outputs: (narrow roots), (wide roots × rows), and the words whose codes they are.

        Of wide roots the verdicts have rows of states alone, and the numbers rows of numbers alone.
        """
        words = Words(self._codes)
        given = self._given if frame is None else self._fill(frame, words)
        # Last, for what tables hold is only looked up under the codes that there are by then.
        taken = self.intake.take(facts, frame, words)
        numbers = [*map(self._word_number, words.fresh)] if self.numbers_words else ()
        return *self.run_taken(Taken(taken, len(words.fresh), numbers), given), words

    def run_taken(self, taken: Taken, given: Rows | None = None) -> tuple[Rows, Rows]:
        """The outputs of what was taken already."""
        word_numbers = self._word_numbers
        if taken.numbers:
            word_numbers = np.append(word_numbers, taken.numbers)
        number = self._narrow_stored
        narrow, narrow_states = (np.empty(number), np.empty(number, np.uint8)) if number else _NOTHING
        others, states = np.empty(self._wide_numbers), np.empty(self._wide_states, np.uint8)
        kernel.run(
            self._code,
            taken.inputs,
            max(len(self._codes) + taken.fresh, 1),
            *(given or self._given),
            word_numbers,
            narrow,
            narrow_states,
            others,
            states,
        )
        return (narrow, narrow_states), (others, states)

    def cells(self, facts: Facts, frame: Frame | None) -> tuple[Cell, ...]:
        """The roots as cells, for outlet `cells`."""
        (narrow, narrow_states), (others, states), words = self.run(facts, frame)
        return tuple(
            _wide_cell(others[at], states[at], type, words)
            if is_wide
            else _narrow_cell(narrow[at : at + 1], narrow_states[at : at + 1], type, words)
            for at, is_wide, type in zip(self.places, self.wide, self._types, strict=True)
        )

    def _fill(self, frame: Frame, words: Words) -> Rows:
        """The given rows with those that this run asks for."""
        given = (self._given[0].copy(), self._given[1].copy()) if self._asked else self._given
        for at, wide in self._asked:
            _write(given, at, wide.type, frame.get(wide.slot), words)
        return given


def _rows(registers: int, rows: int) -> Rows:
    return np.empty((registers, rows)), np.empty((registers, rows), np.uint8)


def _write(rows: Rows, at: int, type: TypeName, cell: Cell, words: Words) -> None:
    """Write a cell into a row of numbers and states."""
    data, error = cell
    numbers, states = rows[0][at], rows[1][at]
    states[:] = np.where(error, kernel.WRONG, np.multiply(data, kernel.TRUE) if type == "bool" else kernel.FALSE)
    if type == "bool":
        return
    if error is True:
        numbers[:] = 0.0
    elif type == "float":
        numbers[:] = data
    elif isinstance(data, Coded):
        codes = np.array([words.code(word) for word in data.vocabulary.words], np.int64)
        numbers.view(np.int64)[:] = codes[data.codes]
    else:
        numbers.view(np.int64)[:] = words.code(data) if type == "string" else data


def _narrow_cell(number: NDArray[np.float64], state: NDArray[np.uint8], type: TypeName, words: Words) -> Cell:
    if state[0] == kernel.WRONG:
        return FAILED
    if type == "bool":
        return bool(state[0] == kernel.TRUE), False
    if type == "float":
        return float(number[0]), False
    whole = int(number.view(np.int64)[0])
    return (words.all[whole] if type == "string" else whole), False


def _wide_cell(numbers: NDArray[np.float64], states: NDArray[np.uint8], type: TypeName, words: Words) -> Cell:
    # Nearly always there is none, which is seen soonest in bytes.
    error = settled(states == kernel.WRONG) if kernel.WRONG in states.tobytes() else False
    if error is True:
        return FAILED
    if type == "bool":
        return states == kernel.TRUE, error
    if type == "float":
        return numbers, error
    whole = numbers.view(np.int64)
    return (Coded(whole, Vocabulary(words.all or ("",))) if type == "string" else whole), error


def _array(narrow: tuple[int, ...], registers: tuple[int, ...], code: Sequence[Instruction]) -> NDArray[np.int64]:
    """A tape as the kernel reads it: a first row of counts, and a row per instruction."""
    rows = [(*narrow, *registers), *((one.op, one.to, *one.reads, *one.numbers) for one in code)]
    return np.array([(*row, *[0] * (6 - len(row))) for row in rows], np.int64)


def _allot(code: Sequence[Instruction]) -> tuple[list[Instruction], int]:
    """The same instructions over as few registers as can be: one is free again after its last use.

    An instruction never fills a register that it reads: loops over two names of one array are not vectorised.
    """
    last = {register: at for at, one in enumerate(code) for register in one.reads}
    names: dict[int, int] = {}
    free: list[int] = []
    count = 0
    allotted = []
    for at, one in enumerate(code):
        reads = tuple(names[register] for register in one.reads)
        to = one.to
        if one.op < kernel.STORE_BOOL:
            if free:
                to = free.pop()
            else:
                to, count = count, count + 1
            names[one.to] = to
            if one.to not in last:
                free.append(to)
        free += [names[register] for register in set(one.reads) if last[register] == at]
        allotted.append(one._replace(to=to, reads=reads))
    return allotted, count
