"""How long a choice of versions that killed its builder is left alone."""

import asyncio

from decision.version.assembly import Choice

FIRST_SECONDS = 2.0
"""As long as a builder takes to begin: it may have been killed by somebody else, and build it the next time."""

MOST_SECONDS = 300.0
"""The same once it died again and again: each time costs seconds of a core."""

_MOST_CHOICES = 8


class Rest:
    """Twice as long after every death; another choice is tried at once."""

    def __init__(self) -> None:
        self._rests: list[tuple[Choice, float, float]] = []
        """The latest choices that somebody died of, for how many seconds each is left alone, and until when."""

    def begin(self, choice: Choice) -> float:
        """A builder died of a choice; says for how many seconds that is left alone."""
        before = next((seconds for one, seconds, _ in self._rests if one == choice), None)
        self.end(choice)
        seconds = FIRST_SECONDS if before is None else min(2.0 * before, MOST_SECONDS)
        self._rests.append((choice, seconds, asyncio.get_running_loop().time() + seconds))
        del self._rests[:-_MOST_CHOICES]
        return seconds

    def lasts(self, choice: Choice | None) -> bool:
        """Whether a choice is left alone now."""
        now = asyncio.get_running_loop().time()
        return any(one == choice and now < until for one, _, until in self._rests)

    def end(self, choice: Choice) -> None:
        """A choice was built after all."""
        self._rests = [rest for rest in self._rests if rest[0] != choice]
