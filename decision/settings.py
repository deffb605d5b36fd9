"""Settings: one environment variable each, read once at start."""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from rules.errors import Fault, Invalid

PREFIX = "CONCIERGE_"


class Settings(msgspec.Struct, frozen=True):
    """What an operator may set; the variable is `CONCIERGE_` and the field's name in capitals."""

    store: str = ""
    """Redis-protocol URL (`redis://`, `rediss://`, `unix://`); empty starts a Valkey in the data folder."""
    data: str = "concierge-data"
    """Folder of the embedded store and of the journal's segments."""
    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = 8080
    """Port to listen on."""
    workers: int = 1
    """Serving processes."""
    deadline_ms: int = 250
    """How long a decision may take before parts of it are left out."""
    visitor_days: int = 90
    """How long an anonymous visitor's profile and contacts live after the last change."""
    repeat_days: int = 35
    """How long the id of an event or outcome is remembered, so that a repetition changes nothing."""
    outcome_days: int = 90
    """How long after a decision its outcomes are taken."""
    body_limit: int = 4_000_000
    """Largest request body in bytes; the bulk endpoint streams and limits each line instead."""
    refresh_seconds: float = 1.0
    """How often a worker looks for a new catalogue or model."""
    sink_seconds: float = 2.0
    """How long the sink waits for a segment to fill."""
    sink_records: int = 20_000
    """Most records in one segment."""
    log_level: str = "info"
    """`debug`, `info`, `warning` or `error`."""

    @property
    def folder(self) -> Path:
        """The data folder as a path."""
        return Path(self.data)


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings in an environment; raises `Invalid` with every variable that is wrong or unknown."""
    known = {PREFIX + field.upper(): field for field in Settings.__struct_fields__}
    faults = [
        Fault(name, f"is not a setting; known are {', '.join(sorted(known))}")
        for name in environment
        if name.startswith(PREFIX) and name not in known
    ]
    values: dict[str, object] = {}
    for name, field in known.items():
        if name in environment:
            kind = Settings.__annotations__[field]
            try:
                values[field] = msgspec.convert(environment[name], kind, strict=False)
            except msgspec.ValidationError as error:
                faults.append(Fault(name, f"{environment[name]!r} does not fit: {error}"))
    if faults:
        raise Invalid(tuple(faults))
    return Settings(**values)  # type: ignore[arg-type]
