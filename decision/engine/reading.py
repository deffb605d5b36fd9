"""What a tape reads of a request, straight from the encoded context and profile: as `facts_of` and `Intake.take` have
it, but without facts in between, which only explanations ask for."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from decision.engine import handing_kernel as handing
from decision.engine import reading_kernel as kernel
from decision.engine.request import ContextValue
from decision.subject.affinity import NEGLIGIBLE
from models.feature import BoundFeatures, string_code
from rules.bound_placement import BoundPlacement
from rules.catalogue import Catalogue
from rules.contact_tally import Counts
from rules.expression import Taken
from rules.ids import Instant

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST = 65_536
"""Bytes of a context and profile that are read so; what is held of larger ones would take too much room."""

_KINDS = {
    str: kernel.STRING,
    int: kernel.INT,
    float: kernel.FLOAT,
    bool: kernel.BOOL,
    list: kernel.LIST,
    dict: kernel.MAP,
}
_FORMS = {"bool": handing.TRUTH, "string": handing.CODE, "number of word": handing.NUMBER, "presence": handing.PRESENCE}
_UNKNOWN = np.empty(0, np.int32)
_END = bytes(kernel.PADDING)

_encode = msgspec.msgpack.Encoder().encode


class Reading(msgspec.Struct, frozen=True, eq=False):
    """The plan of a placement; its arrays are those of the two kernels.

    `lexicon` are the words that are known beforehand, and `fixed` is how many numbers are taken but for what is held.
    """

    index: Ints
    words: Ints
    spelled: NDArray[np.uint8]
    traits: Ints
    reals: Floats
    slots: Ints
    codes: Ints
    numbers: Floats
    plan: Ints
    lexicon: tuple[str, ...]
    fixed: int
    inputs: int
    numbers_words: bool

    @classmethod
    def of(cls, catalogue: Catalogue, bound: BoundPlacement, features: BoundFeatures) -> "Reading | None":
        """The plan for what features, and the conditions bound beside them, read; None where steps feed the tape."""
        intake = features.program.intake
        if intake is None:
            return None
        plan = _Plan(catalogue, bound)
        for word in intake.codes:
            plan.place(word)
        inputs = [(plan.slot(one.path), _FORMS.get(one.form, handing.AS_IT_IS)) for one in intake.inputs]
        tables = [plan.slot(path) for path in intake.tables]
        taking = [(len(plan.counters), len(inputs), len(tables), len(plan.slots)), *plan.counters]
        taking += [(*one, 0, 0) for one in inputs] + [(one, 0, 0, 0) for one in [*tables, *plan.places]]
        lexicon = tuple(plan.words)
        spelled = [word.encode() for word in lexicon]
        words = np.array(list(plan.words.values()), np.int64).reshape(-1, 6)
        words[:, kernel.SPELLED] = [len(word) for word in spelled]
        words[:, kernel.SPELLED_AT] = np.cumsum(words[:, kernel.SPELLED]) - words[:, kernel.SPELLED]
        return cls(
            _index(spelled),
            words,
            np.frombuffer(b"".join(spelled) or b"\0", np.uint8),
            np.array(plan.traits, np.int64).reshape(-1, 4),
            np.array([NEGLIGIBLE, 2.0, *plan.halvings, *plan.blends]),
            np.array(plan.slots, np.int64),
            np.array([*(intake.codes.get(word, -1) for word in lexicon), len(intake.codes)], np.int64),
            np.array([string_code(word) for word in lexicon]),
            np.array(taking, np.int64),
            lexicon,
            (len(inputs) + len(tables) + 7) // 8 + len(inputs) + len(tables),
            len(inputs),
            features.program.numbers_words,
        )

    def take(
        self, blob: bytes, counts: Counts | None, context: Mapping[str, ContextValue], now: Instant
    ) -> Taken | None:
        """What the tape takes; None where it has to be taken from facts."""
        told = _encode(context)
        read = b"".join((told, blob, _END))
        if len(read) > MOST:
            return None
        # What is held: at most one word for each byte, and each count.
        most = len(read) + len(self.plan)
        start = self.fixed + 2 * most
        room, given = np.empty(start + self.slots.size + 4 * most + 8 * self.inputs), np.frombuffer(read, np.uint8)
        used = kernel.find_all(
            given,
            len(told),
            now,
            self.index,
            self.words,
            self.spelled,
            self.traits,
            self.reals,
            self.slots,
            room,
            start,
        )
        if used < 0:
            return None
        counted = _UNKNOWN if counts is None else counts
        asked = handing.hand(given, used, counted, self.codes, self.numbers, self.plan, room, start)
        return self._answer(read, room, asked) if asked else Taken(room, 0, ())

    def _answer(self, read: bytes, room: Floats, asked: int) -> Taken:
        """The same with what the kernel asks: numbers of words, and of those that are new if the tape wants any."""
        numbers, new = divmod(asked, 1 << 32)
        rows = room.view(np.int64)[len(room) - 8 * self.inputs :].reshape(-1, 4)
        for place, begin, length, _ in rows[len(rows) - numbers :].tolist() if numbers else ():
            room[place] = string_code(read[begin : begin + length].decode())
        words = [
            self.lexicon[word] if word >= 0 else read[begin : begin + length].decode()
            for word, begin, length, _ in (rows[:new].tolist() if self.numbers_words else ())
        ]
        return Taken(room, new, tuple(map(string_code, words)))


class _Plan:
    """A plan while it is made: each path that is read has a slot."""

    def __init__(self, catalogue: Catalogue, bound: BoundPlacement) -> None:
        self._attributes = {"customer": catalogue.paths.customer, "context": catalogue.paths.context}
        self._values = {
            "customer": catalogue.workspace.attributes.customer,
            "context": catalogue.workspace.attributes.context,
        }
        self._paths = catalogue.paths
        self._bound = bound
        self._slot_of = {"now": 0}
        self.slots: list[tuple[int, ...]] = [(kernel.INT, 0, 0, -1, 0)]
        self.halvings = [0.0]
        self.words: dict[str, list[int]] = {}
        self._places: dict[str, int] = {}
        self.traits: list[tuple[int, int, int, int]] = []
        self.blends: list[float] = []
        self.counters: list[tuple[int, int, int, int]] = []
        self.places: list[int] = []

    def place(self, word: str) -> int:
        """The place of a word in the lexicon."""
        self._places.setdefault(word, len(self._places))
        self.words.setdefault(word, [-1] * 6)
        return self._places[word]

    def _name(self, name: str, role: int, slot: int) -> None:
        self.place(name)
        self.words[name][role] = slot

    def slot(self, path: str) -> int:
        """The slot of a path."""
        if path not in self._slot_of:
            kind, _, name = path.partition(".")
            if kind in self._attributes:
                self._attribute(path, kind, name)
            elif kind in ("channel", "placement"):
                word = self._bound.id if kind == "placement" else self._bound.spec.channel
                self._add(path, kernel.STRING, word=self.place(word))
            elif kind == "affinity":
                (affinity,) = (one for one in self._paths.affinities if one.name == name)
                self._name(name, kernel.OF_AFFINITY, self._add(path, kernel.MAP, halving=float(affinity.half_life)))
            elif kind == "trait":
                self._trait(path)
            elif kind == "activity":
                (activity,) = (one for one in self._paths.activities if one.name == name.partition(".")[0])
                self._name(activity.name, kernel.OF_ACTIVITY, self._add(activity.frequency, kernel.INT))
                self._add(activity.monetary, kernel.FLOAT)
                self._add(activity.recency, kernel.ABSENT)
            else:
                self._counter(path)
        return self._slot_of[path]

    def _add(self, path: str, kind: int, word: int = -1, declared: int = 0, halving: float = 0.0) -> int:
        self._slot_of[path] = len(self.slots)
        self.slots.append((kind, 0, 0, word, declared))
        self.halvings.append(halving)
        return self._slot_of[path]

    def _attribute(self, path: str, kind: str, name: str) -> None:
        role = kernel.OF_CUSTOMER if kind == "customer" else kernel.OF_CONTEXT
        declared = _KINDS[self._attributes[kind][name].stored_as[0]]
        self._name(name, role, self._add(path, kernel.ABSENT, declared=declared))
        for value in self._values[kind][name].values or ():
            self.place(value)

    def _trait(self, path: str) -> None:
        (trait,) = (one for one in self._paths.traits if one.path == path)
        parts = [self.slot(part) if part else -1 for part in (trait.affinity, trait.declared, trait.searching)]
        affinity, declared, searching = parts
        self.traits.append((self._add(path, kernel.ABSENT), affinity, declared, searching))
        self.blends.append(trait.blend)

    def _counter(self, path: str) -> None:
        counters = self._bound.counters
        own = [place for place, (counted, _) in enumerate(counters.places) if counted == path]
        slot = self._add(path, kernel.MAP if dict(counters.paths)[path] else kernel.INT)
        begin = counters.start + own[0] if own else 0
        self.counters.append((slot, begin, begin + len(own), len(self.places)))
        self.places += [self.place(counters.places[place][1] or "") for place in own]


def _index(words: Sequence[bytes]) -> Ints:
    """Places of words by hash: with open addresses, at most half of them taken."""
    size = 1 << (2 * len(words)).bit_length()
    index = np.full(size, -1, np.int64)
    for place, word in enumerate(words):
        at = kernel.hashed(np.frombuffer(word, np.uint8), 0, len(word)) & (size - 1)
        while index[at] >= 0:
            at = (at + 1) & (size - 1)
        index[at] = place
    return index
