"""Profiles as the store holds them: compressed against a dictionary of the words that their workspace lets them hold.

Attribute names, brands and destinations are the same in all profiles and make most of each one; deflate (RFC 1951) with
a preset dictionary replaces them by references. The dictionary is made from the catalogue alone, so nobody's data is in
it; it lies in the store under its hash, which every packed profile names, and stays there, so a profile outlives its
catalogue. What is journalled, replayed and learned from is the unpacked profile: no replay needs a dictionary.
"""

import zlib
from hashlib import blake2b

from decision.keys import dictionary_key
from decision.store.port import Store
from decision.subject.dictionary import profile_dictionary
from rules.catalogue import Catalogue
from rules.errors import Unavailable
from rules.ids import CatalogueVersion

_PACKED = b"\xc1"
"""How a packed profile begins, before the dictionary's name: the one byte that MessagePack never uses."""

_NAME_BYTES = 4
_HEAD = len(_PACKED) + _NAME_BYTES

_DAMAGED = "A profile in the store is damaged; restore the store from a backup"


class Packing:
    """Packs with the dictionary of the catalogue `use`d last, if any, and unpacks with whatever a profile names."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._catalogue: CatalogueVersion | None = None
        self._dictionary = b""
        self._head = b""
        self._known: dict[bytes, bytes] = {}

    async def use(self, catalogue: Catalogue) -> None:
        """Pack with the dictionary of a catalogue from now on; it is in the store before any profile names it.

        Asked again for the same catalogue, it puts back a dictionary that the store has lost.
        """
        if catalogue.version != self._catalogue:
            self._dictionary, self._catalogue = profile_dictionary(catalogue), catalogue.version
        self._head = _PACKED + await self._kept(self._dictionary)

    def pack(self, blob: bytes) -> bytes:
        """The shortest form of an encoded profile."""
        if not self._head:
            return blob
        deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS, zdict=self._known[self._head[len(_PACKED) :]])
        packed = self._head + deflate.compress(blob) + deflate.flush()
        return packed if len(packed) < len(blob) else blob

    async def unpack(self, stored: bytes) -> bytes:
        """The encoded profile; raises `Unavailable` when it is damaged or its dictionary cannot be read."""
        if not stored.startswith(_PACKED):
            return stored
        name = stored[len(_PACKED) : _HEAD]
        dictionary = self._known.get(name) or await self._learn(name)
        inflate = zlib.decompressobj(wbits=-zlib.MAX_WBITS, zdict=dictionary)
        try:
            blob = inflate.decompress(stored[_HEAD:])
        except zlib.error as error:
            raise Unavailable(f"{_DAMAGED} ({error})") from error
        if not inflate.eof:
            raise Unavailable(f"{_DAMAGED} (it ends too early)")
        return blob

    async def _kept(self, dictionary: bytes) -> bytes:
        """The name under which the store holds a dictionary; one never takes the place of another."""
        salt = 0
        while True:
            name = blake2b(dictionary, digest_size=_NAME_BYTES, salt=salt.to_bytes(2, "little")).digest()
            key = dictionary_key(name.hex())
            (there,) = await self._store.get_many([key])
            if there is None:
                await self._store.put_if_absent(key, dictionary)
                (there,) = await self._store.get_many([key])
            if there == dictionary:
                self._known[name] = dictionary
                return name
            salt += 1

    async def _learn(self, name: bytes) -> bytes:
        key = dictionary_key(name.hex())
        (dictionary,) = await self._store.get_many([key])
        if dictionary is None:
            raise Unavailable(f"The store has lost {key}, without which profiles cannot be read; restore it.")
        self._known[name] = dictionary
        return dictionary
