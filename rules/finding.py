"""What `check` has to say about one place of a workspace."""

from typing import Literal

import msgspec

Severity = Literal["error", "warning"]


class Finding(msgspec.Struct, frozen=True, order=True):
    """One mistake: its file, the key or cell in it, and a sentence that says what to do.

    An `error` keeps the workspace from being published; a `warning` says that something has no effect.
    """

    file: str
    key: str
    message: str
    severity: Severity = "error"

    @property
    def place(self) -> str:
        """The file and, where it is not the whole of it, what in it."""
        return f"{self.file}: {self.key}" if self.key else self.file

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"
