"""The hotel workspace as the bench publishes it: twenty rules, and a placement that no contact policy concerns."""

from importlib.resources import files
from pathlib import Path

from loadtest.hotel.offers import workspace_folder

CAPPED = "web-campaign"
"""A placement on the web, under the contact policy of its channel."""
FREE = "app-campaign"
"""The same on a channel without a contact policy."""

_EVERYWHERE = 'id = "taken"\n'
_ELSEWHERE = _EVERYWHERE + 'channels = ["web", "call-center", "email"]\n'


def write_workspace(folder: Path) -> tuple[bytes, bytes]:
    """Write both files into a new folder, and give them."""
    toml, offers = bench_workspace()
    folder.mkdir()
    (folder / "concierge.toml").write_bytes(toml)
    (folder / "offers.csv").write_bytes(offers)
    return toml, offers


def bench_workspace() -> tuple[bytes, bytes]:
    """`concierge.toml` and `offers.csv`."""
    toml = (workspace_folder() / "concierge.toml").read_text().replace(_EVERYWHERE, _ELSEWHERE)
    added = (files("loadtest.bench") / "campaign.toml").read_text()
    return f"{toml}\n{added}".encode(), (workspace_folder() / "offers.csv").read_bytes()
