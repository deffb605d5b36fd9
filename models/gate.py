"""What was checked of a model before it could be put to use; it travels in the model's own artefact."""

import msgspec

from rules.ids import ModelVersion

UNCHECKED = "not checked"
"""Said of a model that nobody held against another one before it could be put to use."""


class Check(msgspec.Struct, frozen=True):
    """One thing that was checked: what it came to in a sentence, and its figure beside the bound it had to keep.

    Both are None where nothing could be counted; whether that is good enough, `passed` says.
    """

    name: str
    passed: bool
    said: str
    figure: float | None = None
    bound: float | None = None


class Gate(msgspec.Struct, frozen=True):
    """All that was checked, beside which champion (None: no model was in use), and whether it was put to use anyway."""

    champion: ModelVersion | None
    checks: tuple[Check, ...]
    forced: bool = False

    @property
    def passed(self) -> bool:
        """Whether nothing speaks against it."""
        return all(check.passed for check in self.checks)

    @property
    def failed(self) -> tuple[Check, ...]:
        """What speaks against it."""
        return tuple(check for check in self.checks if not check.passed)


def verdict(gate: Gate | None) -> str:
    """A gate in few words: `passed`, else the names of the checks that failed, or that there were none."""
    if gate is None:
        return UNCHECKED
    return ", ".join(check.name for check in gate.failed) or "passed"
