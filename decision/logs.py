"""JSON logs, one line per event; nothing personal beyond identifiers."""

import logging
import sys
import time
from datetime import UTC, datetime
from typing import cast

import msgspec
import structlog

from decision.log_writer import Event, LogWriter
from rules.errors import Fault, Invalid

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()
"""The logger of the whole service; `configure_logs` decides where it goes."""

_encoder = msgspec.json.Encoder(enc_hook=str)


def configure_logs(level: str) -> None:
    """Send events of a level and above to standard error, as JSON lines; raises `Invalid` for an unknown level."""
    if level not in LEVELS:
        raise Invalid((Fault("CONCIERGE_LOG_LEVEL", f"{level!r} is not a level; use one of {', '.join(LEVELS)}"),))
    writer = LogWriter(sys.stderr.buffer, render, time.time)
    structlog.configure(
        processors=[structlog.processors.add_log_level, structlog.processors.format_exc_info],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=lambda: writer,
        cache_logger_on_first_use=False,
    )


def render(event: Event) -> bytes:
    """The line of an event, whose `timestamp` is in seconds."""
    moment = datetime.fromtimestamp(cast("float", event["timestamp"]), UTC)
    return _encoder.encode(event | {"timestamp": moment.isoformat().replace("+00:00", "Z")}) + b"\n"
