"""Profiles as the store holds them: compressed against a dictionary of the words that their workspace lets them hold.

Attribute names, brands and destinations are the same in all profiles and make most of each one; deflate (RFC 1951) with
a preset dictionary replaces them by references. The dictionary is made from the catalogue alone, so nobody's data is in
it; it lies in the store under its hash, which every packed profile names. It stays there for good, for a profile
outlives its catalogue: each catalogue with other words adds up to 16 KB. What is journalled, replayed and learned from
is the unpacked profile: no replay needs a dictionary.

Deflate alone takes most flipped bits for another profile, so a checksum of the plain one goes with it.
"""

import zlib
from hashlib import blake2b

from decision.keys import SubjectId, dictionary_key, is_visitor
from decision.logs import log
from decision.store.port import Store
from decision.subject.dictionary import profile_dictionary
from decision.subject.profile import Profile, decode_profile
from rules.catalogue import Catalogue
from rules.errors import Damaged, Unavailable
from rules.ids import CatalogueVersion

MOST = 4_000_000
"""Bytes of a profile that is packed: as many as a body has that sets one, where nobody set another limit. A larger one
is stored as it is, so that whatever unpacks to more is damaged, and is not unpacked further."""

SALTS = 8
"""How many names are tried for a dictionary: with four bytes each, even the second one is hardly ever needed."""

LOOKED_AFTER = 60
"""After how many uses it is looked whether the store still has the dictionary: a minute, with a use each second."""

_PACKED = b"\xc1"
"""How a packed profile begins, before the dictionary's name and the checksum: the one byte MessagePack never uses."""

_NAME_BYTES = 4
_CHECK_BYTES = 4
_NAMED = len(_PACKED) + _NAME_BYTES
_HEAD = _NAMED + _CHECK_BYTES


class Packing:
    """Packs with the dictionary of the catalogue `use`d last, if any, and unpacks with whatever a profile names."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._catalogue: CatalogueVersion | None = None
        self._named = b""
        self._dictionary = b""
        self._known: dict[bytes, bytes] = {}
        self._uses = 0

    async def use(self, catalogue: Catalogue) -> None:
        """Pack with the dictionary of a catalogue from now on; it is in the store before any profile names it.

        Asked again and again for the same catalogue, it now and then puts back a dictionary that the store has lost.
        Raises `Unavailable` when the store does not keep it; then all stays as it was.
        """
        self._uses += 1
        if catalogue.version == self._catalogue and self._uses < LOOKED_AFTER:
            return
        dictionary = profile_dictionary(catalogue)
        self._named = _PACKED + await self._kept(dictionary)
        self._dictionary, self._catalogue, self._uses = dictionary, catalogue.version, 0

    def pack(self, blob: bytes) -> bytes:
        """An encoded profile for the store."""
        if not self._named or len(blob) > MOST:
            return blob
        deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS, zdict=self._dictionary)
        return b"".join((self._named, _checksum(blob), deflate.compress(blob), deflate.flush()))

    async def read(self, subject: SubjectId, stored: bytes) -> tuple[Profile, bytes]:
        """A subject's profile and its encoded form; raises `Damaged`, and logs it, when nobody can read it."""
        try:
            blob = await self.unpack(stored)
            return decode_profile(blob), blob
        except Damaged as error:
            raise unreadable(subject, error) from error

    def read_known(self, stored: bytes) -> tuple[Profile, bytes] | None:
        """`read` without asking the store; None where it has to be asked, or the profile cannot be read.

        What was packed is only looked at in outline, for its checksum says that it is what was packed: should that be
        no profile to us, as after a newer release wrote it, then whoever asks for more of it gets `Damaged`.
        """
        try:
            if self._knows(stored):
                blob = self._unpacked(stored)
                return (decode_profile(blob) if blob is stored else Profile.of(blob)), blob
        except Damaged:
            pass
        return None

    async def unpack(self, stored: bytes) -> bytes:
        """The encoded profile; raises `Damaged` when it, or the store without its dictionary, cannot give it."""
        if not self._knows(stored):
            await self._learn(stored[len(_PACKED) : _NAMED])
        return self._unpacked(stored)

    def _knows(self, stored: bytes) -> bool:
        """Whether nothing has to be asked to unpack a profile."""
        return not stored.startswith(_PACKED) or len(stored) < _HEAD or stored[len(_PACKED) : _NAMED] in self._known

    def _unpacked(self, stored: bytes) -> bytes:
        if not stored.startswith(_PACKED):
            return stored
        if len(stored) < _HEAD:
            raise Damaged("it ends too early")
        dictionary = self._known[stored[len(_PACKED) : _NAMED]]
        inflate = zlib.decompressobj(wbits=-zlib.MAX_WBITS, zdict=dictionary)
        try:
            # One byte more than there may be, so that the end of the longest one is seen.
            blob = inflate.decompress(stored[_HEAD:], MOST + 1)
        except zlib.error as error:
            raise Damaged(f"it cannot be unpacked: {error}") from error
        if not inflate.eof:
            raise Damaged("it ends too early" if len(blob) <= MOST else "it is too long")
        if _checksum(blob) != stored[_NAMED:_HEAD]:
            raise Damaged("it is not what was stored")
        return blob

    async def _kept(self, dictionary: bytes) -> bytes:
        """The name under which the store holds a dictionary; one never takes the place of another."""
        for salt in range(SALTS):
            name = blake2b(dictionary, digest_size=_NAME_BYTES, salt=salt.to_bytes(2, "little")).digest()
            key = dictionary_key(name.hex())
            (there,) = await self._store.get_many([key])
            if there is None:
                await self._store.put_if_absent(key, dictionary)
                (there,) = await self._store.get_many([key])
            if there == dictionary:
                self._known[name] = dictionary
                return name
        raise Unavailable(f"The store keeps no dictionary for profiles, not even as {key}; look at what it evicts.")

    async def _learn(self, name: bytes) -> None:
        key = dictionary_key(name.hex())
        (dictionary,) = await self._store.get_many([key])
        if dictionary is None:
            raise Damaged(f"the store has no {key}, with which it was packed")
        self._known[name] = dictionary


def unreadable(subject: SubjectId, error: Damaged) -> Damaged:
    """What is said, and logged, of a subject's profile that nobody can read."""
    log.warning("profile_unreadable", subject=subject, error=str(error))
    instead = (
        "unlink the visitor, whose profile then ends by itself"
        if is_visitor(subject)
        else "PUT the customer to begin a new one, or DELETE it"
    )
    return Damaged(f"The profile of {subject} cannot be read ({error}): restore the store from a backup; or {instead}.")


def _checksum(blob: bytes) -> bytes:
    """CRC-32 (ISO 3309)."""
    return zlib.crc32(blob).to_bytes(_CHECK_BYTES, "little")
