"""The small workspace, and facts of requests to it."""

from functools import cache
from pathlib import Path

from rules.catalogue import Catalogue
from rules.check import check_workspace
from rules.facts import Facts

FOLDER = Path(__file__).parents[1] / "workspaces" / "small"

KNOWN: Facts = {
    "customer.member": True,
    "customer.age": 33,
    "customer.country": "PT",
    "context.destination": "Lisbon",
    "trait.preferred_brand": "Alba",
    "affinity.brand": {"Alba": 2.5},
    "affinity.destination": {},
    "affinity.theme": {"spa": 1.0},
    "contacts.shown": 3,
    "contacts.theme_shown": {"spa": 2},
    "activity.stays.frequency": 2,
    "activity.stays.monetary": 310.0,
    "activity.stays.recency": 12.5,
    "activity.browsing.frequency": 0,
    "activity.browsing.monetary": 0.0,
    "now": 1_760_000_000_000,
    "channel": "web",
    "placement": "home",
}

ANONYMOUS: Facts = {
    "affinity.brand": {},
    "affinity.destination": {},
    "affinity.theme": {},
    "contacts.shown": 0,
    "contacts.theme_shown": {},
    "activity.stays.frequency": 0,
    "activity.stays.monetary": 0.0,
    "activity.browsing.frequency": 0,
    "activity.browsing.monetary": 0.0,
    "now": 1_760_000_000_000,
    "channel": "call-center",
    "placement": "call",
}


@cache
def small() -> Catalogue:
    """The catalogue of the small workspace."""
    checked = check_workspace(
        (FOLDER / "concierge.toml").read_bytes(), (FOLDER / "offers.csv").read_bytes(), "offers.csv"
    )
    assert checked.catalogue is not None, checked.findings
    return checked.catalogue
