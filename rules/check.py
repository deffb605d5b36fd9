"""Checks a whole workspace in one run: every mistake, with its file, its key or cell, and what to do."""

import msgspec

from rules.care_check import check_care
from rules.catalogue import Catalogue
from rules.compiled_workspace import CompiledWorkspace
from rules.declarations import check_declarations
from rules.expression import Schema
from rules.finding import Finding
from rules.package import pack, version_of
from rules.reach import check_reach
from rules.reading import WORKSPACE_FILE, read_workspace
from rules.references import check_references
from rules.report import Report

_ROOTS = {"affinities": "affinity", "traits": "trait", "activities": "activity", "counters": "contacts"}
_KINDS = ("customer", "offer", "context")


class Checked(msgspec.Struct, frozen=True, eq=False):
    """Every finding, in the order of the files; the catalogue is there when no finding is an error."""

    catalogue: Catalogue | None
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that keep the workspace from being published."""
        return tuple(finding for finding in self.findings if finding.severity == "error")


def check_workspace(toml: bytes, offers: bytes, offers_name: str) -> Checked:
    """Check the bytes of `concierge.toml` and of the offers, whose name ends in `.csv` or `.parquet`."""
    reading = read_workspace(toml, offers, offers_name)
    workspace = reading.workspace
    if workspace is None:
        return Checked(None, reading.findings)
    report = Report(workspace, reading.broken, WORKSPACE_FILE)
    check_declarations(report)
    check_references(report, reading.offers)
    check_care(report)
    schema = Schema.of(workspace)
    compiled, refused = CompiledWorkspace.of(workspace, schema, _doubtful(reading.broken))
    for key, sentence in refused:
        report.add(key, sentence)
    if reading.offers is not None:
        check_reach(report, compiled, reading.offers, reading.faulty)
    found = (*reading.findings, *report.findings)
    findings = tuple(sorted(found, key=lambda finding: finding.file != WORKSPACE_FILE))
    if reading.offers is None or any(finding.severity == "error" for finding in findings):
        return Checked(None, findings)
    version = version_of(pack(toml, offers, offers_name))
    return Checked(Catalogue.bind(workspace, schema, compiled, reading.offers, version), findings)


def _doubtful(broken: frozenset[str]) -> frozenset[str]:
    """The paths (or roots, with a dot) of which expressions cannot be judged, because their declaration is wrong."""
    paths: set[str] = set()
    for key in broken:
        section, *names = key.split(".")
        if section == "attributes" and not names:
            paths.update(f"{kind}." for kind in _KINDS)
        elif section == "attributes" and names[0] in _KINDS and names[2:] in ([], ["type"]):
            paths.add(".".join(names[:2]) if names[1:] else f"{names[0]}.")
        elif section in _ROOTS and (not names or names[1:] == ["per"]):
            paths.add(f"{_ROOTS[section]}.{names[0] if names else ''}")
    return frozenset(paths)
