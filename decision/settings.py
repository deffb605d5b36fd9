"""Settings: one environment variable each, read once at start."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, get_type_hints

import msgspec
from msgspec import Meta

from rules.errors import Fault, Invalid

PREFIX = "CONCIERGE_"

_ORCHESTRATOR = re.compile(r"CONCIERGE_(SERVICE_(HOST|PORT[A-Z0-9_]*)=.*|PORT_\d.*|PORT=[a-z]+://.*)", re.DOTALL)


class Settings(msgspec.Struct, frozen=True):
    """What an operator may set; the variable is `CONCIERGE_` and the field's name in capitals."""

    store: str = ""
    """Redis-protocol URL (`redis://`, `rediss://`, `unix://`); empty starts a Valkey in the data folder."""
    data: str = "concierge-data"
    """Folder of the embedded store and of the journal's segments."""
    host: str = "127.0.0.1"
    """Address to listen on."""
    port: Annotated[int, Meta(ge=1, le=65_535)] = 8080
    """Port to listen on."""
    workers: Annotated[int, Meta(ge=1, le=256)] = 1
    """Serving processes."""
    deadline_ms: Annotated[int, Meta(ge=1)] = 250
    """How long a decision may take before parts of it are left out."""
    visitor_days: Annotated[int, Meta(ge=1)] = 90
    """How long an anonymous visitor's profile and contacts live after the last change."""
    repeat_days: Annotated[int, Meta(ge=1)] = 35
    """How long the id of an event is remembered, so that a repetition changes nothing."""
    outcome_days: Annotated[int, Meta(ge=1)] = 90
    """How long after a decision its outcomes are taken, and then their ids remembered."""
    bulk_processes: Annotated[int, Meta(ge=0, le=256)] = 0
    """Processes of each worker that answer large bulks; 0 means one for every core that falls to a worker."""
    body_limit: Annotated[int, Meta(ge=1_000)] = 4_000_000
    """Largest request body in bytes; the bulk endpoint streams and limits each line instead."""
    refresh_seconds: Annotated[float, Meta(gt=0)] = 0.5
    """How often a worker looks for a new catalogue or model."""
    sink_seconds: Annotated[float, Meta(gt=0)] = 2.0
    """How long the sink waits for a segment to fill."""
    sink_records: Annotated[int, Meta(ge=1)] = 20_000
    """Most records in one segment."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """`debug`, `info`, `warning` or `error`."""

    @property
    def folder(self) -> Path:
        """The data folder as a path."""
        return Path(self.data)


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings in an environment; raises `Invalid` with every variable that is wrong or unknown.

    What Kubernetes sets for a service named `concierge` (`CONCIERGE_SERVICE_HOST`, `CONCIERGE_PORT=tcp://...` and the
    like) is none of ours.
    """
    known = {PREFIX + field.upper(): field for field in Settings.__struct_fields__}
    given = {
        name: text
        for name, text in environment.items()
        if name.startswith(PREFIX) and not _ORCHESTRATOR.fullmatch(f"{name}={text}")
    }
    faults = [
        Fault(name, f"is not a setting; known are {', '.join(sorted(known))}") for name in given if name not in known
    ]
    types = get_type_hints(Settings, include_extras=True)
    values: dict[str, object] = {}
    for name, field in known.items():
        if name in given:
            try:
                values[field] = msgspec.convert(given[name], types[field], strict=False)
            except msgspec.ValidationError as error:
                faults.append(Fault(name, f"{given[name]!r} does not fit: {error}"))
    if faults:
        raise Invalid(tuple(faults))
    return msgspec.convert(values, Settings)
