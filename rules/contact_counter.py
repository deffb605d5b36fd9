"""The `contacts.*` facts: how often the subject was contacted, in all or per value of an offer attribute."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from rules.contact_tally import Counts
from rules.facts import FactValue
from rules.offer import OfferTable
from rules.workspace import Counter


class ContactCounters(msgspec.Struct, frozen=True):
    """All counters of a workspace: their facts' paths, and which of them count by value.

    `places` are what they count, from `start` on in the counts: each the path of a fact, and the value it counts there
    (None for one figure).
    """

    paths: tuple[tuple[str, bool], ...]
    start: int
    places: tuple[tuple[str, str | None], ...]

    @classmethod
    def of(cls, counters: Mapping[str, Counter], stretches: Sequence[slice], offers: OfferTable) -> "ContactCounters":
        """The declared counters, whose stretches of the counts follow each other, over a table of offers."""
        paths: list[tuple[str, bool]] = []
        places: list[tuple[str, str | None]] = []
        for name, counter in counters.items():
            path = f"contacts.{name}"
            paths.append((path, counter.per is not None))
            words = [None] if counter.per is None else offers.columns[counter.per].words
            places += [(path, word) for word in words]
        return cls(tuple(paths), stretches[0].start if stretches else 0, tuple(places))

    def tell(self, counts: Counts | None) -> dict[str, FactValue]:
        """Each counter's figure by its fact's path; of an unknown history (None) nothing is counted.

        Contacts with offers that are gone count only where all count together.
        """
        figures: dict[str, Any] = {path: {} if by_value else 0 for path, by_value in self.paths}
        if counts is not None and self.places:
            counted = counts[self.start :]
            for place in counted.nonzero()[0].tolist():
                path, word = self.places[place]
                if word is None:
                    figures[path] = counted.item(place)
                else:
                    figures[path][word] = counted.item(place)
        return figures
