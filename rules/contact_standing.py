"""Where an entry of the contact policy stands for one value: what it counted, and what follows, told in words."""

import msgspec

from rules.facts import FactValue
from rules.ids import Instant
from rules.instant import format_instant, tell_instant
from rules.workspace import ContactPolicy

_NOUNS = {"decision": "send"}
"""What a contact is called where its kind is no word for it."""


class Standing(msgspec.Struct, frozen=True):
    """How many contacts count; the end of the rest where the value rests, and the latest response if there was one.

    Of those that count so many are `pending`: impressions that a decision keeps room for.
    """

    count: int
    rests_until: Instant | None = None
    last_response: Instant | None = None
    pending: int = 0

    @staticmethod
    def unread(entry: ContactPolicy) -> dict[str, FactValue | None]:
        """What `read` gives where nothing is known."""
        return Standing(0).read(entry) | dict.fromkeys(("count", "pending") if entry.waits else ("count",))

    def read(self, entry: ContactPolicy) -> dict[str, FactValue | None]:
        """The values behind what is said of an entry; moments as RFC 3339 text."""
        read: dict[str, FactValue | None] = {"count": self.count, "at_most": entry.at_most, "within": entry.within}
        if entry.waits is not None:
            read["pending"] = self.pending
        if entry.rest is not None:
            read["rests_until"] = None if self.rests_until is None else format_instant(self.rests_until)
        if entry.unless:
            read["last_response"] = None if self.last_response is None else format_instant(self.last_response)
        return read

    def tell(self, entry: ContactPolicy, value: str) -> str:
        """What stands for a value: `romantic: 3 sends, no response, rests until 14 March 2027 09:30 UTC`."""
        noun = _NOUNS.get(entry.count, entry.count)
        if self.rests_until is None:
            parts = [f"{value}: {self.count} of {entry.at_most} {_counted(noun, entry.at_most)} within {entry.within}"]
            if self.pending:
                parts.append(f"{self.pending} of them pending")
        else:
            came = self.count - self.pending
            parts = [f"{value}: {came} {_counted(noun, came)}"]
        if entry.unless:
            since = "" if self.last_response is None else f" since {tell_instant(self.last_response)}"
            parts.append(f"no response{since}")
        if self.rests_until is not None:
            parts.append(f"rests until {tell_instant(self.rests_until)}")
        return ", ".join(parts)


def _counted(noun: str, number: int) -> str:
    return noun if number == 1 else f"{noun}s"
