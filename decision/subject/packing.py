"""Profiles as the store holds them: compressed against a dictionary of the words that their workspace lets them hold.

Attribute names, brands and destinations are the same in all profiles and make most of each one; deflate (RFC 1951) with
a preset dictionary replaces them by references. The dictionary is made from the catalogue alone, so nobody's data is in
it; it lies in the store under its hash, which every packed profile names, so a profile outlives its catalogue.
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
"""How a packed profile begins, before the dictionary's hash: the one byte that MessagePack never uses."""

_HASH_BYTES = 4
_HEAD = len(_PACKED) + _HASH_BYTES


class Packing:
    """Packs with the dictionary of the catalogue `use`d last, if any, and unpacks with whatever a profile names."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._catalogue: CatalogueVersion | None = None
        self._head = b""
        self._known: dict[bytes, bytes] = {}

    async def use(self, catalogue: Catalogue) -> None:
        """Pack with the dictionary of a catalogue from now on; it is in the store before any profile names it."""
        if catalogue.version == self._catalogue:
            return
        dictionary = profile_dictionary(catalogue)
        hash = blake2b(dictionary, digest_size=_HASH_BYTES).digest()
        await self._store.put(dictionary_key(hash.hex()), dictionary)
        self._known[hash] = dictionary
        self._head, self._catalogue = _PACKED + hash, catalogue.version

    def pack(self, blob: bytes) -> bytes:
        """The shortest form of an encoded profile."""
        if not self._head:
            return blob
        deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS, zdict=self._known[self._head[len(_PACKED) :]])
        packed = self._head + deflate.compress(blob) + deflate.flush()
        return packed if len(packed) < len(blob) else blob

    async def unpack(self, stored: bytes) -> bytes:
        """The encoded profile; raises `Unavailable` when its dictionary cannot be read."""
        if not stored.startswith(_PACKED):
            return stored
        hash = stored[len(_PACKED) : _HEAD]
        dictionary = self._known.get(hash) or await self._learn(hash)
        return zlib.decompressobj(wbits=-zlib.MAX_WBITS, zdict=dictionary).decompress(stored[_HEAD:])

    async def _learn(self, hash: bytes) -> bytes:
        key = dictionary_key(hash.hex())
        (dictionary,) = await self._store.get_many([key])
        if dictionary is None:
            raise Unavailable(f"The store has lost {key}, without which profiles cannot be read; restore it.")
        self._known[hash] = dictionary
        return dictionary
