"""What decided about an offer of an explanation."""

from collections.abc import Mapping

import msgspec

from rules.facts import FactValue


class Cause(msgspec.Struct, frozen=True):
    """The setting that decided, its author's words, the sentence, and the values read, as in `ExplainedOffer`."""

    rule: str
    because: str
    sentence: str
    read: Mapping[str, FactValue | None] = {}
    contact_policy: tuple[str, ...] = ()
