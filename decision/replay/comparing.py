"""Makes journalled decisions again and compares them bit for bit, a page at a time."""

import asyncio
from collections.abc import Sequence

import msgspec

from decision.engine.replaying import comes_out_the_same
from decision.journal.record import DecisionRecord, decode_record
from decision.settings import Settings
from decision.store.opening import open_store
from decision.store.port import Store
from decision.version.registry import Registry
from decision.version.versions import Versions
from rules.ids import DecisionId


class Compared(msgspec.Struct, frozen=True):
    """How many decisions came out the same, and which did not."""

    equal: int = 0
    different: tuple[DecisionId, ...] = ()

    def __add__(self, other: "Compared") -> "Compared":
        return Compared(self.equal + other.equal, self.different + other.different)


class Comparing:
    """Decides again in this process; the last few snapshots are kept."""

    def __init__(self, store: Store) -> None:
        self._versions = Versions(Registry(store))

    async def compare(self, entries: Sequence[bytes]) -> Compared:
        """Make the live decisions again that these entries of the journal hold."""
        equal, different = 0, list[DecisionId]()
        for entry in entries:
            record = decode_record(entry)
            if not isinstance(record, DecisionRecord):
                continue
            snapshot, prices = await self._versions.past(record), await self._versions.prices(record)
            if comes_out_the_same(record, snapshot, prices):
                equal += 1
            else:
                different.append(record.id)
        return Compared(equal, tuple(different))


class _Bench:
    """What a process needs to compare, made once: its loop, its store, its snapshots."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._runner = asyncio.Runner()
        self._opened = open_store(settings)
        self._comparing = Comparing(self._runner.run(self._opened.__aenter__()))

    def compare(self, entries: Sequence[bytes]) -> Compared:
        return self._runner.run(self._comparing.compare(entries))

    def close(self) -> None:
        self._runner.run(self._opened.__aexit__(None, None, None))
        self._runner.close()


_bench: _Bench | None = None


def compare_page(settings: Settings, entries: Sequence[bytes]) -> Compared:
    """The same in a process of an executor; `settings.store` names the store."""
    global _bench  # noqa: PLW0603  (an executor gives a process no other place to keep anything)
    if _bench is None or _bench.settings != settings:
        if _bench is not None:
            _bench.close()
        _bench = _Bench(settings)
    return _bench.compare(entries)
