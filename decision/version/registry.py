"""Immutable versions of catalogues, models and prices, and the pointers to those in use."""

from typing import Literal

import msgspec

from decision.keys import current_key, info_key, version_key, versions_key
from decision.store.port import Store
from rules.content import content_address
from rules.errors import Conflict, NotFound
from rules.ids import Instant

Kind = Literal["catalogue", "model", "prices"]

CATALOGUE_SLOT = "current"
"""The one slot of catalogues; models have one slot per goal."""

CHALLENGER: Literal["challenger"] = "challenger"
"""What the pointers to challengers are stored under: each is a model that another one is used before."""

ATTEMPTS = 200
"""How often a change of the pointers is tried anew because of others."""

REMEMBERED = 50
"""How many former versions of a slot can be rolled back to."""


class VersionInfo(msgspec.Struct, frozen=True):
    """What is said about a version: when and by whom it was stored, and figures about it."""

    version: str
    created: Instant
    by: str = ""
    summary: dict[str, str | int | float] = {}


_info = msgspec.msgpack.Decoder(VersionInfo)
_current = msgspec.msgpack.Decoder(dict[str, list[str]])


class Registry:
    """Versions by content, and for each slot the version in use with those before it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def put(
        self,
        kind: Kind,
        blob: bytes,
        created: Instant,
        by: str = "",
        summary: dict[str, str | int | float] | None = None,
    ) -> str:
        """Store a version and return its name; the same content again changes nothing."""
        version = content_address(blob)
        info = VersionInfo(version, created, by, summary or {})
        await self._store.put_if_absent(version_key(kind, version), blob)
        await self._store.put_if_absent(info_key(kind, version), msgspec.msgpack.encode(info))
        await self._store.add_members(versions_key(kind), [version])
        return version

    async def get(self, kind: Kind, version: str) -> bytes:
        """The content of a version; raises `NotFound`."""
        (blob,) = await self._store.get_many([version_key(kind, version)])
        if blob is None:
            raise NotFound(f"There is no {kind} version {version!r}; list the versions and take one of them.")
        return blob

    async def info(self, kind: Kind, version: str) -> VersionInfo:
        """What is said about a version; raises `NotFound`."""
        (blob,) = await self._store.get_many([info_key(kind, version)])
        if blob is None:
            raise NotFound(f"There is no {kind} version {version!r}; list the versions and take one of them.")
        return _info.decode(blob)

    async def versions(self, kind: Kind) -> list[VersionInfo]:
        """All versions, the latest first."""
        names = sorted(await self._store.members(versions_key(kind)))
        blobs = await self._store.get_many([info_key(kind, name) for name in names])
        infos = [_info.decode(blob) for blob in blobs if blob is not None]
        return sorted(infos, key=lambda info: info.created, reverse=True)

    async def current(self, kind: Kind) -> dict[str, str]:
        """The version in use by slot."""
        return {slot: versions[-1] for slot, versions in (await self._pointers(kind))[1].items()}

    async def history(self, kind: Kind, slot: str = CATALOGUE_SLOT) -> list[str]:
        """The versions that were in use in a slot, the present one last."""
        return (await self._pointers(kind))[1].get(slot, [])

    async def activate(
        self,
        kind: Kind,
        version: str,
        slot: str = CATALOGUE_SLOT,
        expected: str | msgspec.UnsetType | None = msgspec.UNSET,
    ) -> str | None:
        """Put a version to use; returns the one in use before. A model that is used is no challenger any more.

        Raises `NotFound` for an unknown version, and `Conflict` when another one than `expected` is in use by then.
        """
        await self.info(kind, version)
        for _ in range(ATTEMPTS):
            blob, slots = await self._pointers(kind)
            versions = slots.get(slot, [])
            before = versions[-1] if versions else None
            if expected is not msgspec.UNSET and before != expected:
                raise Conflict(f"The {kind} in use for {slot!r} is {before} by now, not {expected}; look again.")
            slots[slot] = [*versions, version][-REMEMBERED:]
            if before == version or await self._move(kind, blob, slots):
                if kind == "model":
                    await self._end_challenge(slot, version)
                return before
        raise Conflict(f"The {kind} pointers changed {ATTEMPTS} times meanwhile; try again.")

    async def rollback(self, kind: Kind, slot: str = CATALOGUE_SLOT) -> str:
        """Go back to the version in use before and return it; raises `NotFound` when there was none."""
        for _ in range(ATTEMPTS):
            blob, slots = await self._pointers(kind)
            versions = slots.get(slot, [])
            if len(versions) < 2:
                raise NotFound(f"No {kind} was in use before in slot {slot!r}; publish or activate one instead.")
            slots[slot] = versions[:-1]
            if await self._move(kind, blob, slots):
                if kind == "model":
                    await self._end_challenge(slot, versions[-2])
                return versions[-2]
        raise Conflict(f"The {kind} pointers changed {ATTEMPTS} times meanwhile; try again.")

    async def challengers(self) -> dict[str, str]:
        """The models that are tried beside those in use, by goal."""
        return {slot: versions[-1] for slot, versions in (await self._pointers(CHALLENGER))[1].items() if versions}

    async def challenge(self, goal: str, version: str | None) -> str | None:
        """Try a model beside the one in use, in the place of another, or none any more; returns the one before.

        Raises `NotFound` for an unknown version, and `Conflict` for the one in use: it would be asked twice.
        """
        if version is not None:
            await self.info("model", version)
            if (await self.current("model")).get(goal) == version:
                raise Conflict(f"Model {version} is in use for goal {goal!r} itself; try another one beside it.")
        for _ in range(ATTEMPTS):
            blob, slots = await self._pointers(CHALLENGER)
            before = slots.get(goal)
            if before == ([version] if version is not None else None):
                return version
            slots.pop(goal, None)
            if version is not None:
                slots[goal] = [version]
            if await self._move(CHALLENGER, blob, slots):
                return before[-1] if before else None
        raise Conflict(f"The challengers changed {ATTEMPTS} times meanwhile; try again.")

    async def _end_challenge(self, goal: str, version: str) -> None:
        if (await self.challengers()).get(goal) == version:
            await self.challenge(goal, None)

    async def _pointers(self, kind: Kind | Literal["challenger"]) -> tuple[bytes | None, dict[str, list[str]]]:
        (blob,) = await self._store.get_many([current_key(kind)])
        return blob, {} if blob is None else _current.decode(blob)

    async def _move(
        self, kind: Kind | Literal["challenger"], before: bytes | None, slots: dict[str, list[str]]
    ) -> bool:
        """Store the pointers anew; False when they have changed meanwhile."""
        return await self._store.compare_and_put(current_key(kind), before, msgspec.msgpack.encode(slots))
