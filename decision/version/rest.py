"""How long a choice of versions that killed its builder is left alone."""

import asyncio

from decision.version.assembly import Choice

FIRST_SECONDS = 2.0
"""As long as a builder takes to begin: it may have been killed by somebody else, and build it the next time."""

MOST_SECONDS = 300.0
"""The same once it died again and again: each time costs seconds of a core."""


class Rest:
    """Twice as long after every death; another choice is tried at once."""

    def __init__(self) -> None:
        self._choice: Choice | None = None
        self._seconds = self._until = 0.0

    def begin(self, choice: Choice) -> float:
        """A builder died of a choice; says for how many seconds that is left alone."""
        self._seconds = min(2.0 * self._seconds, MOST_SECONDS) if choice == self._choice else FIRST_SECONDS
        self._choice = choice
        self._until = asyncio.get_running_loop().time() + self._seconds
        return self._seconds

    def lasts(self, choice: Choice | None) -> bool:
        """Whether a choice is left alone now."""
        return choice is not None and choice == self._choice and asyncio.get_running_loop().time() < self._until

    def end(self) -> None:
        """Something was built."""
        self._choice = None
