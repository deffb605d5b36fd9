"""Words and their codes in one run of a tape."""

from collections.abc import Mapping


class Words:
    """Codes of words: the `known` ones of the tape, and after them the `fresh` ones that come with a request."""

    __slots__ = ("fresh", "known")

    def __init__(self, known: Mapping[str, int]) -> None:
        self.known = known
        self.fresh: dict[str, int] = {}

    def code(self, word: str) -> int:
        """The code of a word, a new one if need be."""
        code = self.known.get(word)
        return self.fresh.setdefault(word, len(self.known) + len(self.fresh)) if code is None else code

    @property
    def all(self) -> tuple[str, ...]:
        """Every word, by code."""
        return (*self.known, *self.fresh)
