"""Calendar days of a time zone."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from rules.ids import Instant


def day_of(moment: Instant, zone: str) -> str:
    """The day that a moment lies in, in a zone by its IANA name: `2026-04-01`."""
    return datetime.fromtimestamp(moment / 1000, UTC).astimezone(ZoneInfo(zone)).date().isoformat()
