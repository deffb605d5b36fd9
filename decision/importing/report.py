"""What became of a file: how many rows were taken, how many were there before, and every bad one."""

import msgspec

from rules.errors import Fault


class BadRow(msgspec.Struct, frozen=True):
    """A row that was left out: its line, and everything that is wrong with it."""

    line: int
    faults: tuple[Fault, ...]

    def __str__(self) -> str:
        said = "; ".join(f"{fault.field}: {fault.message}" if fault.field else fault.message for fault in self.faults)
        return f"line {self.line}: {said}"


class Progress(msgspec.Struct, frozen=True):
    """What became of some rows; add them up for a file."""

    taken: int = 0
    repeated: int = 0
    bad: tuple[BadRow, ...] = ()

    @property
    def rows(self) -> int:
        """How many rows were read."""
        return self.taken + self.repeated + len(self.bad)
