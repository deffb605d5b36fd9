"""What a tape reads of a request, in the form that the kernel takes."""

import copyreg
import struct
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from rules.expression.frame import Frame
from rules.expression.lowering import Lowering
from rules.expression.tape_kernel import TRUE, WRONG, Floats
from rules.expression.words import Words
from rules.facts import Facts

# A tape goes from process to process whole, and Python does not say how a format does.
copyreg.pickle(struct.Struct, lambda packed: (struct.Struct, (packed.format,)))

_WORD = 8


class Taken(NamedTuple):
    """What was taken of a request (`Intake.take`), how many of its words are new, and their numbers if they count."""

    inputs: Floats
    fresh: int
    numbers: Sequence[float]


class Intake:
    """The inputs of a tape; this is all that a request costs in Python, so it loops over nothing else."""

    def __init__(self, lowering: Lowering, word_number: Callable[[str], float]) -> None:
        self.inputs = inputs = lowering.inputs
        self.codes = lowering.codes
        self.tables = [path for path, _ in lowering.tables]
        self._paths = [input.path for input in inputs]
        self._bools, self._strings, self._numbered, self._presences = (
            [at for at, input in enumerate(inputs) if input.form == form and input.path]
            for form in ("bool", "string", "number of word", "presence")
        )
        self._cells = [(at, input) for at, input in enumerate(inputs) if not input.path]
        self._word_number = word_number
        self._tables = [(path, type == "map") for path, type in lowering.tables]
        # Whole numbers' worth of bytes, for numbers follow.
        self._states = bytes(-(-(len(inputs) + len(self._tables)) // _WORD) * _WORD)
        kinds = ["d" if input.form in ("float", "number of word") else "q" for input in inputs]
        self._format = struct.Struct("=" + "".join(kinds))

    def take(self, facts: Facts, frame: Frame | None, words: Words) -> Floats:
        """One array of all that the tape reads, from facts and from the cells of steps; new words get their codes.

        In turn: the states of the inputs, and of the tables where they hold nothing (bytes, padded to whole numbers);
        the numbers of the inputs; how many words each table holds; of each its words' codes, and what it holds there.
        """
        # The schema says what type each fact has.
        get: Any = facts.get
        states, values = bytearray(self._states), [*map(get, self._paths)]
        known = words.known.get
        for at in self._strings:
            word = values[at]
            code = known(word)
            values[at] = words.code(word) if code is None and word is not None else code
        for at in self._numbered:
            if values[at] is not None:
                values[at] = self._word_number(values[at])
        for at in self._presences:
            if values[at] is not None:
                values[at] = 0
        for at in self._bools:
            if values[at]:
                states[at] = TRUE
        for at, value in enumerate(values):
            if value is None:
                values[at], states[at] = 0, WRONG
        if frame is not None:
            self._take_cells(frame, values, states, words)
        tables = self._take_tables(get, states, words) if self._tables else b""
        return np.frombuffer(bytearray().join((states, self._format.pack(*values), tables)))

    def _take_tables(self, get: Any, states: bytearray, words: Words) -> bytes:
        # Only words with a code matter; all inputs have theirs by now.
        known, fresh = words.known.get, words.fresh
        unknown = len(words.known) + len(fresh)
        sizes: list[float] = []
        contents: list[float] = []
        for at, (path, is_map) in enumerate(self._tables, len(self._paths)):
            held = get(path)
            if held:
                if fresh:
                    contents += [fresh[word] if word in fresh else known(word, unknown) for word in held]
                else:
                    contents += [known(word, unknown) for word in held]
                contents += held.values() if is_map else [1.0] * len(held)
                sizes.append(len(held))
            else:
                sizes.append(0)
                if held is None:
                    states[at] = WRONG
        # Not an array, which takes its items in one by one.
        return struct.pack(f"={len(sizes) + len(contents)}d", *sizes, *contents)

    def _take_cells(self, frame: Frame, values: list[int | float], states: bytearray, words: Words) -> None:
        for at, input in self._cells:
            data, error = frame.get(input.slot)
            states[at] = WRONG if error is True else TRUE if input.form == "bool" and data else 0
            if error is not True and input.form != "bool":
                values[at] = words.code(data) if input.form == "string" else data
