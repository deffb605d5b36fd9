"""The `contacts.*` facts: how often the subject was contacted, in all or per value of an offer attribute."""

from collections.abc import Mapping, Sequence

import msgspec

from rules.contact_tally import Counts
from rules.facts import FactValue
from rules.offer import OfferTable
from rules.workspace import Counter


class BoundCounter(msgspec.Struct, frozen=True):
    """One counter: its fact's path, its stretch of the counts, and the values it counts by (None for one figure)."""

    path: str
    stretch: slice
    words: tuple[str, ...] | None


class ContactCounters(msgspec.Struct, frozen=True):
    """All counters of a workspace."""

    counters: tuple[BoundCounter, ...]

    @classmethod
    def of(cls, counters: Mapping[str, Counter], stretches: Sequence[slice], offers: OfferTable) -> "ContactCounters":
        """The declared counters, each with its stretch of the counts, over a table of offers."""
        bound = (
            BoundCounter(f"contacts.{name}", stretch, offers.columns[counter.per].words if counter.per else None)
            for (name, counter), stretch in zip(counters.items(), stretches, strict=True)
        )
        return cls(tuple(bound))

    def tell(self, counts: Counts | None) -> dict[str, FactValue]:
        """Each counter's figure by its fact's path; of an unknown history (None) nothing is counted.

        Contacts with offers that are gone count only where all count together.
        """
        figures: dict[str, FactValue] = {}
        for counter in self.counters:
            words = counter.words
            if counts is None:
                figures[counter.path] = 0 if words is None else {}
            elif words is None:
                figures[counter.path] = counts.item(counter.stretch.start)
            else:
                times = counts[counter.stretch]
                (codes,) = times.nonzero()
                figures[counter.path] = {words[code]: times.item(code) for code in codes.tolist()}
        return figures
