"""What a tape reads of a request, in the form that the kernel takes."""

import copyreg
import struct
from array import array
from collections.abc import Callable
from typing import Any

import numpy as np

from rules.expression.frame import Frame
from rules.expression.lowering import Lowering
from rules.expression.tape_kernel import FALSE, TRUE, WRONG, Floats, States
from rules.expression.words import Words
from rules.facts import Facts

# A tape goes from process to process whole, and Python does not say how a format does.
copyreg.pickle(struct.Struct, lambda packed: (struct.Struct, (packed.format,)))

_NO_TABLES = np.empty(0, np.uint8), np.empty(0)


class Intake:
    """The narrow inputs of a tape; this is all that a request costs in Python, so it loops over nothing else."""

    def __init__(self, lowering: Lowering, word_number: Callable[[str], float]) -> None:
        kinds: dict[str, list[tuple[str, int]]] = {"bool": [], "string": [], "number": []}
        for input in lowering.facts:
            kinds[input.type if input.type in kinds else "number"].append((input.path, input.to))
        self._numbers, self._bools, self._strings = kinds["number"], kinds["bool"], kinds["string"]
        self._numbered, self._word_number = lowering.numbered, word_number
        self._presences = [(input.path, input.to) for input in lowering.presences]
        self._cells = lowering.cells
        self._tables = [(path, type == "map") for path, type in lowering.tables]
        # One number per register, those that the tape computes among them: a few zeros cost less than a gap.
        self._format = struct.Struct("=" + "".join("d" if type == "float" else "q" for type in lowering.types))
        self._constants = lowering.constants
        self._states = bytes(lowering.states)

    def take(self, facts: Facts, frame: Frame | None, words: Words) -> tuple[Floats, States]:
        """The narrow registers, from facts and from the cells of steps; words that are new get their codes."""
        # The schema says what type each fact has.
        get: Any = facts.get
        values, states = self._constants.copy(), bytearray(self._states)
        for path, to in self._numbers:
            value = get(path)
            if value is None:
                states[to] = WRONG
            else:
                values[to] = value
        for path, to in self._bools:
            value = get(path)
            states[to] = WRONG if value is None else TRUE if value else FALSE
        for path, to in self._presences:
            states[to] = TRUE if path in facts else FALSE
        known = words.known.get
        for path, to in self._strings:
            word = get(path)
            if word is None:
                states[to] = WRONG
            else:
                code = known(word)
                values[to] = words.code(word) if code is None else code
        for path, to in self._numbered:
            word = get(path)
            if word is None:
                states[to] = WRONG
            else:
                values[to] = self._word_number(word)
        if frame is not None:
            self._take_cells(frame, values, states, words)
        return np.frombuffer(bytearray(self._format.pack(*values))), np.frombuffer(states, np.uint8)

    def take_tables(self, facts: Facts, words: Words) -> tuple[States, Floats]:
        """The state of each list or map where it holds nothing, and what they hold.

        The second are pairs: the place in the tables (table × words + code), and the number there. Only words with a
        code matter, so everything else must have been read before.
        """
        if not self._tables:
            return _NO_TABLES
        known, fresh = words.known.get, words.fresh
        absent, contents, first, count = bytearray(len(self._tables)), array("d"), 0, len(words.known) + len(fresh)
        append = contents.append
        for table, (path, is_map) in enumerate(self._tables):
            held: Any = facts.get(path)
            if held is None:
                absent[table] = WRONG
            else:
                for word, number in held.items() if is_map else dict.fromkeys(held, 1.0).items():
                    code = known(word)
                    if code is not None or (code := fresh.get(word)) is not None:
                        append(first + code)
                        append(number)
            first += count
        return np.frombuffer(absent, np.uint8), np.frombuffer(contents) if contents else _NO_TABLES[1]

    def _take_cells(self, frame: Frame, values: list[int | float], states: bytearray, words: Words) -> None:
        for input in self._cells:
            data, error = frame.get(input.slot)
            if error is True:
                states[input.to] = WRONG
            elif input.type == "bool":
                states[input.to] = TRUE if data else FALSE
            else:
                values[input.to] = words.code(data) if input.type == "string" else data
