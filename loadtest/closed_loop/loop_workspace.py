"""The workspace of the loop: what the hotel group knows and learns from, with goal, placement and rules of its own."""

import re
from importlib.resources import files

from loadtest.hotel.offers import workspace_folder

PLACEMENT = "web-offer"
GOAL = "accept"
_KEPT = ("What is known", "What is learned from behaviour", "What the model sees")


def loop_workspace(exploration: str) -> str:
    """`concierge.toml` with this inline table as exploration."""
    text = (workspace_folder() / "concierge.toml").read_text()
    head, *parts = re.split(r"^# -{4} (.+?) -+$", text, flags=re.MULTILINE)
    sections = dict(zip(parts[::2], parts[1::2], strict=True))
    own = (
        (files("loadtest.closed_loop") / "loop.toml")
        .read_text()
        .replace("exploration = %", f"exploration = {exploration}")
    )
    return "\n".join([head, *(sections[name] for name in _KEPT), own])
