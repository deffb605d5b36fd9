"""A tape: the nodes of some roots as instructions, run by the kernel in one call per request."""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rules.expression import tape_kernel as kernel
from rules.expression.cell import FAILED, Cell, Coded, Vocabulary, settled
from rules.expression.frame import Frame
from rules.expression.intake import Intake
from rules.expression.lowering import Instruction, Lowering
from rules.expression.shared import Shared
from rules.expression.type import TypeName
from rules.expression.words import Words
from rules.facts import Facts

Outlet = Literal["cells", "verdicts", "numbers"]
"""What a tape gives for a root: whatever it is; its states, which are wide; or numbers."""


class Rows(NamedTuple):
    """Numbers (float64; ints lie there bit by bit) and states, a row per value."""

    numbers: NDArray[np.float64]
    states: NDArray[np.uint8]


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
        self._wide_numbers = sum(wide) - alike.count(("verdicts", True))
        self._wide_states = sum(wide) - alike.count(("numbers", True))
        self._narrow_code = _array(lowering.narrow_code)
        allotted, self._registers = _allot(lowering.wide_code)
        self._wide_code = _array(allotted)
        self._codes = lowering.codes
        self._given = _rows(len(lowering.given), rows)
        words = Words(self._codes)
        for at, (type, cell) in enumerate(lowering.given):
            _write(self._given, at, type, cell, words)
        self._no_rows = _rows(0, rows)
        self._intake = Intake(lowering, word_number)
        self._loaded = tuple(lowering.loaded)
        self.needs_frame = bool(lowering.cells or lowering.loaded)
        self._word_number = word_number
        code = (*lowering.narrow_code, *lowering.wide_code)
        self._numbers_words = any(instruction.op == kernel.NUMBER_OF_WORD for instruction in code)
        self._word_numbers = np.array([word_number(word) for word in self._codes if self._numbers_words], np.float64)

    def run(self, facts: Facts, frame: Frame | None) -> tuple[Rows, Rows, Words]:
        """The outputs: (narrow roots), (wide roots × rows), and the words whose codes they are.

        Of wide roots the verdicts have rows of states alone, and the numbers rows of numbers alone.
        """
        words = Words(self._codes)
        numbers, states = self._intake.take(facts, frame, words)
        loaded = self._no_rows if frame is None else self._load(frame, words)
        absent, contents = self._intake.take_tables(facts, words)
        word_numbers = self._word_numbers
        if self._numbers_words and words.fresh:
            word_numbers = np.append(word_numbers, [self._word_number(word) for word in words.fresh])
        request = Rows(np.empty(self._narrow_stored), np.empty(self._narrow_stored, np.uint8))
        others = Rows(np.empty((self._wide_numbers, self._rows)), np.empty((self._wide_states, self._rows), np.uint8))
        kernel.run(
            self._narrow_code,
            self._wide_code,
            self._given.numbers,
            self._given.states,
            loaded.numbers,
            loaded.states,
            numbers,
            states,
            absent,
            contents,
            max(len(words.known) + len(words.fresh), 1),
            word_numbers,
            request.numbers,
            request.states,
            others.numbers,
            others.states,
            self._registers,
        )
        return request, others, words

    def cells(self, facts: Facts, frame: Frame | None) -> tuple[Cell, ...]:
        """The roots as cells, for outlet `cells`."""
        narrow, wide, words = self.run(facts, frame)
        return tuple(
            _wide_cell(wide.numbers[at], wide.states[at], type, words)
            if is_wide
            else _narrow_cell(narrow.numbers[at : at + 1], narrow.states[at : at + 1], type, words)
            for at, is_wide, type in zip(self.places, self.wide, self._types, strict=True)
        )

    def _load(self, frame: Frame, words: Words) -> Rows:
        loaded = _rows(len(self._loaded), self._rows)
        for input in self._loaded:
            _write(loaded, input.to, input.type, frame.get(input.slot), words)
        return loaded


def _rows(registers: int, rows: int) -> Rows:
    return Rows(np.empty((registers, rows)), np.empty((registers, rows), np.uint8))


def _write(rows: Rows, at: int, type: TypeName, cell: Cell, words: Words) -> None:
    """Write a cell into a row of numbers and states."""
    data, error = cell
    numbers, states = rows.numbers[at], rows.states[at]
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
    error = settled(states == kernel.WRONG)
    if error is True:
        return FAILED
    if type == "bool":
        return states == kernel.TRUE, error
    if type == "float":
        return numbers, error
    whole = numbers.view(np.int64)
    return (Coded(whole, Vocabulary(words.all or ("",))) if type == "string" else whole), error


def _array(code: Sequence[Instruction]) -> NDArray[np.int64]:
    rows = [(one.op, one.to, *one.reads, *one.numbers) for one in code]
    return np.array([(*row, *[0] * (6 - len(row))) for row in rows], np.int64).reshape(-1, 6)


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
