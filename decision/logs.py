"""JSON logs, one line per event; nothing personal beyond identifiers."""

import logging
import sys

import msgspec
import structlog

from rules.errors import Fault, Invalid

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

log: structlog.typing.FilteringBoundLogger = structlog.get_logger()
"""The logger of the whole service; `configure_logs` decides where it goes."""

_encoder = msgspec.json.Encoder(enc_hook=str)


def configure_logs(level: str) -> None:
    """Send events of a level and above to standard error, as JSON lines; raises `Invalid` for an unknown level."""
    if level not in LEVELS:
        raise Invalid((Fault("CONCIERGE_LOG_LEVEL", f"{level!r} is not a level; use one of {', '.join(LEVELS)}"),))
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=_serialise),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
        cache_logger_on_first_use=False,
    )


def _serialise(event: object, **_: object) -> bytes:
    return _encoder.encode(event)
