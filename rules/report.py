"""Findings about one workspace as its checks collect them."""

from rules.attribute import suggest
from rules.duration import parse_duration
from rules.finding import Finding, Severity
from rules.workspace import Attribute, AttributeType, Workspace


class Report:
    """Collects findings; what was already found wrong (the `broken` keys) is not complained about again."""

    def __init__(self, workspace: Workspace, broken: frozenset[str], file: str) -> None:
        self.workspace = workspace
        self.broken = broken
        self.file = file
        self.findings: list[Finding] = []

    def add(self, key: str, message: str, severity: Severity = "error") -> None:
        """Report one mistake, unless the key or a table around it holds only a stand-in."""
        if not self.is_broken(key):
            self.findings.append(Finding(self.file, key, message, severity))

    def is_broken(self, key: str) -> bool:
        """Whether the key, or a table around it, holds only a stand-in."""
        parts = key.split(".")
        return any(".".join(parts[:length]) in self.broken for length in range(1, len(parts) + 1))

    def check_name(self, key: str, name: str, known: object, what: str) -> bool:
        """Report a name that is not among the known ones (a collection of strings); says whether it is."""
        names = list(known) if isinstance(known, dict | tuple | list | set | frozenset) else []
        if name in names:
            return True
        self.add(key, f"{name!r} is not {what}{suggest(name, names)}")
        return False

    def check_duration(self, key: str, text: str) -> None:
        """Report a text that is not a duration."""
        try:
            parse_duration(text)
        except ValueError as error:
            self.add(key, str(error))

    def check_attribute(self, key: str, kind: str, name: str, types: tuple[AttributeType, ...]) -> None:
        """Report a name that is not a declared attribute of a kind, or not of one of these types."""
        declared: dict[str, Attribute] = getattr(self.workspace.attributes, kind)
        if self.is_broken(f"attributes.{kind}"):
            return
        if self.check_name(key, name, declared, f"a declared {kind} attribute"):
            place = f"attributes.{kind}.{name}"
            if not self.is_broken(f"{place}.type") and declared[name].type not in types:
                self.add(key, f"{place} is of type {declared[name].type}, and {' or '.join(types)} is needed here")

    def check_per(self, key: str, name: str | None) -> None:
        """Report what is neither absent, nor `id`, nor a string attribute of offers."""
        if name is not None and name != "id":
            self.check_attribute(key, "offer", name, ("string",))
