"""The optional packages that only the bench needs."""

from importlib import import_module
from importlib.metadata import version
from types import ModuleType

from loadtest.errors import WorldError

PACKAGES = {
    "treelite": "treelite",
    "vowpalwabbit": "vowpalwabbit",
    "zen": "zen-engine",
    "fastapi": "fastapi",
    "uvicorn": "uvicorn",
    "hdrh": "hdrhistogram",
}
"""What is imported, and the package it comes in."""


class PeerAbsent(WorldError):
    """A peer is not installed; the message names it and says how to install it."""


def find_peer(name: str) -> ModuleType:
    """An optional package; raises `PeerAbsent` when it cannot be imported."""
    root = name.partition(".")[0]
    try:
        return import_module(name)
    except ImportError as error:
        raise PeerAbsent(
            f"{PACKAGES[root]} is not installed ({error}); `make bench` installs it, or `pip install -e .[bench]`"
        ) from error


def absent_peers() -> dict[str, str]:
    """The packages that are missing, and why."""
    missing = {}
    for name, package in PACKAGES.items():
        try:
            find_peer(name)
        except PeerAbsent as error:
            missing[package] = str(error)
    return missing


def peer_versions() -> dict[str, str]:
    """The versions of the packages that are there."""
    return {package: version(package) for package in PACKAGES.values() if package not in absent_peers()}
