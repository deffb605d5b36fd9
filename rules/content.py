"""Content addresses: what is stored for good is named by what it holds."""

from hashlib import sha256


def content_address(blob: bytes) -> str:
    """The name of a blob: the first 16 hexadecimal digits of its SHA-256."""
    return sha256(blob).hexdigest()[:16]
