"""Counters of units in memory, as the scripts keep them inside a server."""

from collections.abc import Callable

import msgspec

from decision.store.port import Held, Hold, Settle, settled_key


class _Held(msgspec.Struct, frozen=True):
    units: int
    ends: float | None


class MemoryCounters:
    """Units taken for good are values of the store, got and put there; the holds are here. `clock` gives seconds."""

    def __init__(
        self,
        get: Callable[[str], bytes | None],
        put: Callable[[str, bytes, int | None], None],
        clock: Callable[[], float],
    ) -> None:
        self._get = get
        self._put = put
        self._clock = clock
        self._holds: dict[str, dict[str, _Held]] = {}

    def hold(self, hold: Hold) -> Held:
        """Set units aside for a holder; one that is known to have settled has them.

        Holds of others that are over go where their units are missed: by this holder, or by one that wants as many.
        """
        left = self._left(hold)
        if self._get(settled_key(hold.key, hold.holder)) is not None:
            return Held(True, max(left, 0))
        if left < 2 * hold.units:
            holds = self._holds.get(hold.key, {})
            self._holds[hold.key] = {
                holder: each for holder, each in holds.items() if holder == hold.holder or self._lasts(each)
            }
            left = self._left(hold)
        if left < hold.units:
            return Held(False, max(left, 0))
        ends = None if hold.milliseconds is None else self._clock() + hold.milliseconds / 1000
        self._holds.setdefault(hold.key, {})[hold.holder] = _Held(hold.units, ends)
        return Held(True, left - hold.units)

    def settle(self, settle: Settle) -> int:
        """End a hold, and take what is kept of it; 0 when nothing is held any more."""
        if self._get(settled_key(settle.key, settle.holder)) is not None:
            return 1
        held = self._holds.get(settle.key, {}).pop(settle.holder, None)
        if held is None:
            return 0
        kept = min(settle.kept, held.units)
        if kept > 0:
            self._put(settle.key, b"%d" % (self._taken(settle.key) + kept), settle.ttl)
            if settle.known is not None:
                self._put(settled_key(settle.key, settle.holder), b"", settle.known)
        return 1

    def count(self, key: str) -> tuple[int, int]:
        """How many units are taken for good, and how many are held now."""
        holds = self._holds.get(key, {}).values()
        return self._taken(key), sum(each.units for each in holds if self._lasts(each))

    def _left(self, hold: Hold) -> int:
        holds = self._holds.get(hold.key, {})
        others = sum(each.units for holder, each in holds.items() if holder != hold.holder)
        return hold.most - self._taken(hold.key) - others

    def _taken(self, key: str) -> int:
        return int(self._get(key) or 0)

    def _lasts(self, held: _Held) -> bool:
        return held.ends is None or self._clock() < held.ends
