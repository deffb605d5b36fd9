"""What was made from blobs lately: a version that was looked through is not made again when it is put to use."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """Makes something of a blob, and keeps the last few with their blobs: equal bytes give the same thing.

    What `make` raises is raised each time anew.
    """

    def __init__(self, make: Callable[[bytes], T], most: int) -> None:
        self._make = make
        self._most = most
        self._kept: OrderedDict[bytes, T] = OrderedDict()

    def get(self, blob: bytes) -> T:
        """What is made of a blob."""
        if blob not in self._kept:
            self.put(blob, self._make(blob))
        self._kept.move_to_end(blob)
        return self._kept[blob]

    def put(self, blob: bytes, made: T) -> None:
        """Keep what somebody else made of a blob."""
        self._kept[blob] = made
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
