"""What can go wrong on the business side.

ConciergeError
├── WorkspaceError        a workspace that cannot be published; carries every finding
├── ExpressionError       a CEL expression that is refused; names the construct
├── NotFound              a placement, offer, decision, customer or version that does not exist
├── Invalid               input that breaks a declared type; carries every fault with its field
├── Conflict              the state moved while we worked
├── Unauthorised          no key, or an unknown one
├── Forbidden             a key without the needed scope
├── ArtefactError         a model artefact that cannot be served
├── Damaged               something in the store that cannot be read, however often one tries
└── Unavailable           the store cannot be reached or did not acknowledge in time
"""

import msgspec

from rules.finding import Finding

MOST_FAULTS = 100
"""How many faults are looked for and told at most: neither the work nor an answer may grow with the nonsense sent."""


class ConciergeError(Exception):
    """Root of every error that Concierge raises on purpose; the message says what to do next."""


class Fault(msgspec.Struct, frozen=True):
    """One thing wrong with an input: the field's path and a sentence that says what to do."""

    field: str
    message: str


class Invalid(ConciergeError):
    """Input that breaks its declared types; nothing was written. The message tells the first `TOLD` faults."""

    TOLD = 20

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self.faults = faults
        told = [f"{fault.field}: {fault.message}" for fault in faults[: self.TOLD]]
        more = [f"and {len(faults) - self.TOLD} more"] if len(faults) > self.TOLD else []
        super().__init__("; ".join(told + more))


class ExpressionError(ConciergeError):
    """A CEL expression that is refused at publish."""


class WorkspaceError(ConciergeError):
    """A workspace that cannot be published, with everything that `check` found."""

    def __init__(self, message: str, findings: tuple[Finding, ...] = ()) -> None:
        self.findings = findings
        super().__init__(message)


class NotFound(ConciergeError):
    """A named thing that does not exist."""


class Conflict(ConciergeError):
    """The state moved while the call worked on it; read again and retry."""


class Unauthorised(ConciergeError):
    """No API key was given, or it is not known."""


class Forbidden(ConciergeError):
    """The API key lacks the scope that the call needs."""


class ArtefactError(ConciergeError):
    """A model artefact that cannot be read or served."""


class Damaged(ConciergeError):
    """Something that the store holds cannot be read; trying again does not help, replacing or restoring it does."""


class Unavailable(ConciergeError):
    """The store cannot be reached, or did not acknowledge in time."""
