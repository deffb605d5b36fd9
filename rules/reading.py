"""A workspace read from bytes: every mistake of shape and of the offers' cells, and as much as could be read."""

import tomllib

import msgspec

from rules.finding import Finding
from rules.ids import OfferId
from rules.offer import OfferTable
from rules.offer_reading import read_offers
from rules.shape import shape
from rules.workspace import Workspace

WORKSPACE_FILE = "concierge.toml"
OFFER_FILES = ("offers.csv", "offers.parquet")


class Reading(msgspec.Struct, frozen=True, eq=False):
    """What could be read, and every finding.

    The `broken` keys of the workspace hold only a stand-in; the `faulty` offers lack a value that was wrong.
    """

    workspace: Workspace | None
    offers: OfferTable | None
    findings: tuple[Finding, ...]
    broken: frozenset[str] = frozenset()
    faulty: frozenset[OfferId] = frozenset()


def read_workspace(toml: bytes, offers: bytes, offers_name: str) -> Reading:
    """The workspace in the bytes of `concierge.toml` and of the offers; the ending of their name tells the format."""
    try:
        document = tomllib.loads(toml.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return _unreadable("is not UTF-8 text; save the file as UTF-8")
    except tomllib.TOMLDecodeError as error:
        return _unreadable(f"is not TOML: {error}; nothing else can be checked before that")
    except RecursionError:
        return _unreadable("is nested too deeply; a workspace needs no more than a few levels")
    workspace, mistakes, broken = shape(document, Workspace)
    findings = [Finding(WORKSPACE_FILE, key, sentence) for key, sentence in mistakes]
    unknown = frozenset(key.split(".")[2] for key in broken if key.startswith("attributes.offer.") and _untyped(key))
    found = read_offers(offers, offers_name, workspace.attributes.offer, unknown)
    return Reading(workspace, found.offers, (*findings, *found.findings), broken, found.faulty)


def _unreadable(sentence: str) -> Reading:
    return Reading(None, None, (Finding(WORKSPACE_FILE, "", sentence),))


def _untyped(key: str) -> bool:
    # `attributes.offer.NAME` itself or its type: its cells cannot be judged, while a wrong set of values leaves a type.
    return key.split(".")[3:] in ([], ["type"])
