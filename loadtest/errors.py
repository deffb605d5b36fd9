"""What can go wrong while a world drives the service."""


class WorldError(Exception):
    """Root of the errors of worlds; the message says what happened and what to do next."""


class CallFailed(WorldError):
    """The service answered a call with an error; the message holds the call, the status and the problem document."""


class CommandFailed(WorldError):
    """A `concierge` command ended badly; the message holds what it printed."""


class SwapFailed(WorldError):
    """A trained model was not in service in time."""
