"""What can go wrong while the bench runs."""

from loadtest.errors import WorldError


class Mismatch(WorldError):
    """What was to be timed does not equal its reference, so its speed means nothing."""


class Overload(WorldError):
    """The service could not be measured under the wanted load."""


class NoMarks(WorldError):
    """A page has no place for the table of stages."""
