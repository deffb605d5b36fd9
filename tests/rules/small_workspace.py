"""The small workspace as files, and variations of it."""

from pathlib import Path

from rules.check import Checked, check_workspace

SMALL = Path(__file__).parents[1] / "workspaces" / "small"
TOML = (SMALL / "concierge.toml").read_text()
OFFERS = (SMALL / "offers.csv").read_text()


def check(toml: str = TOML, offers: str = OFFERS) -> Checked:
    return check_workspace(toml.encode(), offers.encode(), "offers.csv")


def replaced(text: str, old: str, new: str) -> str:
    """The text with its one occurrence of a part replaced."""
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
    return text.replace(old, new)
