"""How things are named in the store; what is in braces decides the slot of a cluster, so one subject shares a slot."""

from typing import NewType

from rules.ids import CustomerId, DecisionId, VisitorId, VolumeId

SubjectId = NewType("SubjectId", str)
"""A customer or a visitor: `c:` or `v:` and its id."""


def customer_subject(customer: CustomerId) -> SubjectId:
    """The subject that a customer is."""
    return SubjectId(f"c:{customer}")


def visitor_subject(visitor: VisitorId) -> SubjectId:
    """The subject that an anonymous visitor is."""
    return SubjectId(f"v:{visitor}")


def decision_subject(decision: DecisionId) -> SubjectId:
    """What stands for the subject of a wholly anonymous decision; it has marks, but no profile."""
    return SubjectId(f"d:{decision}")


def is_visitor(subject: SubjectId) -> bool:
    """Whether the subject is anonymous, so that what is known of it lives only for a while."""
    return subject.startswith("v:")


def profile_key(subject: SubjectId) -> str:
    """The profile's blob."""
    return f"profile:{{{subject}}}"


def dictionary_key(hash: str) -> str:
    """A dictionary that profiles are packed with."""
    return f"profiles:dictionary:{hash}"


def contacts_key(subject: SubjectId) -> str:
    """The contact history."""
    return f"contacts:{{{subject}}}"


def mark_key(subject: SubjectId, mark: str) -> str:
    """The sign that an event or outcome was already counted for a subject."""
    return f"seen:{{{subject}}}:{mark}"


def identity_key(visitor: VisitorId) -> str:
    """Which customer a visitor is."""
    return f"identity:{{{visitor_subject(visitor)}}}"


def visitors_key(customer: CustomerId) -> str:
    """Which visitors were said to be a customer; each one's identity has the last word."""
    return f"visitors:{{{customer_subject(customer)}}}"


def receipt_key(subject: SubjectId, receipt: str) -> str:
    """What was decided for a subject under a name that is used once, until whoever asked has it for good."""
    return f"receipt:{{{subject}}}:{receipt}"


def decision_key(decision: DecisionId) -> str:
    """What an outcome needs to know of a decision."""
    return f"decision:{{{decision}}}"


def volume_key(limit: VolumeId, channel: str | None, value: str | None, period: str) -> str:
    """How many units of a volume limit are taken in a period, for a value (None: all) on a channel (None: all)."""
    # No id of a limit has a slash in it, so no two places share a name.
    name = f"{limit}/{channel or ''}" if value is None else f"{limit}/{channel or ''}/{value}"
    return f"volume:{{{name}}}:{period}"


def version_key(kind: str, version: str) -> str:
    """The blob of an immutable version."""
    return f"{kind}:blob:{version}"


def info_key(kind: str, version: str) -> str:
    """What is said about a version."""
    return f"{kind}:info:{version}"


def versions_key(kind: str) -> str:
    """The set of all versions of a kind."""
    return f"{kind}:versions"


def current_key(kind: str) -> str:
    """The pointers to the versions in use, with those before them."""
    return f"{kind}:current"


def api_key_key(hash: str) -> str:
    """An API key by the hash of its secret."""
    return f"apikey:{hash}"


API_KEYS = "apikeys"
"""The set of the hashes of all API keys."""

JOURNAL = "journal:log"
"""The log of records that are not yet in a segment."""

INCARNATION = "journal:incarnation"
"""A random name that the store's life got with its first use; positions compare only within one."""

JOURNAL_FOLDER = "journal:folder"
"""The folder that the sink moves the log into."""

CARE_REPORT = "care:report"
"""What the last look at the models in use found."""
