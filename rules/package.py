"""A workspace as one immutable blob, named by its content."""

import msgspec

from rules.catalogue import Catalogue
from rules.content import content_address
from rules.errors import ExpressionError, WorkspaceError
from rules.ids import CatalogueVersion
from rules.reading import read_workspace


class Package(msgspec.Struct, frozen=True):
    """The files of a workspace as they were published; `format` changes when this layout does."""

    toml: bytes
    offers: bytes
    offers_name: str
    format: int = 1


def pack(toml: bytes, offers: bytes, offers_name: str) -> bytes:
    """The blob of a workspace's files; equal files give equal blobs."""
    return msgspec.msgpack.encode(Package(toml, offers, offers_name))


def version_of(blob: bytes) -> CatalogueVersion:
    """The version that names a blob."""
    return CatalogueVersion(content_address(blob))


def read_package(blob: bytes) -> Package:
    """The files in a blob; WorkspaceError when it is not one of ours."""
    try:
        package = msgspec.msgpack.decode(blob, type=Package)
    except msgspec.DecodeError as error:
        raise WorkspaceError(f"this is not a published workspace ({error}); publish it again") from error
    if package.format != 1:
        raise WorkspaceError(
            f"this workspace was published in format {package.format}; serve it with a newer Concierge"
        )
    return package


def unpack(blob: bytes) -> Catalogue:
    """The catalogue in a blob, bound and ready to serve; WorkspaceError when it cannot be read any more."""
    package = read_package(blob)
    reading = read_workspace(package.toml, package.offers, package.offers_name)
    errors = tuple(finding for finding in reading.findings if finding.severity == "error")
    if errors or reading.workspace is None or reading.offers is None:
        raise WorkspaceError("this version was published by another Concierge and has errors in this one", errors)
    try:
        return Catalogue.build(reading.workspace, reading.offers, version_of(blob))
    except ExpressionError as error:
        raise WorkspaceError(
            f"this version was published by another Concierge, and this one refuses {error}"
        ) from error
