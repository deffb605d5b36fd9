"""The `contacts.*` facts: how often the subject was contacted, in all or per value of an offer attribute."""

from collections.abc import Mapping

import msgspec
import numpy as np

from rules.contact import ContactHistory
from rules.contact_index import ContactIndex, ContactWindow
from rules.duration import parse_duration
from rules.ids import Instant
from rules.workspace import Counter


class ContactCounters(msgspec.Struct, frozen=True, eq=False):
    """All counters of a workspace over one table of offers: name, window, and the attribute counted by."""

    counters: tuple[tuple[str, ContactWindow, str | None], ...]
    index: ContactIndex

    @classmethod
    def of(cls, counters: Mapping[str, Counter], index: ContactIndex) -> "ContactCounters":
        """The declared counters, bound to the offers."""
        bound = (
            (name, ContactWindow.of(counter.count, parse_duration(counter.within), counter.channels), counter.per)
            for name, counter in counters.items()
        )
        return cls(tuple(bound), index)

    def count(self, history: ContactHistory, now: Instant) -> dict[str, int | dict[str, int]]:
        """Each counter's figure by its name; contacts with offers that are gone count only where all count together."""
        if not len(history):
            return {name: 0 if per is None else {} for name, _, per in self.counters}
        rows = self.index.rows(history)
        figures: dict[str, int | dict[str, int]] = {}
        for name, window, per in self.counters:
            counted = window.select(history, now)
            if per is None:
                figures[name] = int(np.count_nonzero(counted))
            else:
                column = self.index.columns[per]
                about = rows[counted & (rows >= 0)]
                about = about[column.present[about]]
                times = np.bincount(column.data[about])
                codes = np.flatnonzero(times)
                pairs = zip(codes.tolist(), times[codes].tolist(), strict=True)
                figures[name] = {column.words[code]: number for code, number in pairs}
        return figures
