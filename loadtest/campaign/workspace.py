"""The hotel workspace with a mailing that is short of everything: rooms, mails, and what a theme or brand may have.

How much there is grows with the number of guests, so that a small campaign is as tight as a large one.
"""

import csv
import io
from pathlib import Path

import msgspec
import numpy as np

from loadtest.bench.hotel_workspace import bench_workspace

PLACEMENT = "campaign-mail"
SLOTS = 2
STOCK = "rooms"

_PLACEMENT = f"""
[placements.{PLACEMENT}]
channel = "email"
slots = {SLOTS}
format = "mail"
goal = "accept"
consent = "email"
fallback = ["lumen-upgrade"]
exploration = {{ epsilon = 0.05, temperature = 0.15 }}

[[contact_policy]]
id = "theme-once-a-week"
count = "decision"
per = "theme"
at_most = 1
within = "7d"
channels = ["email"]
because = "Nobody gets two offers of one theme within a week."
"""


class Limit(msgspec.Struct, frozen=True):
    """One volume limit: as the workspace says it, and as a recount over shown offers does.

    `per` is the column it counts by (None: all together), `where` which rows it counts. `most` is the number of units,
    None where column `rooms` of the offers has it.
    """

    id: str
    per: str | None
    most: int | None
    where: str = "true"
    told: str = ""

    @property
    def toml(self) -> str:
        """The limit's entry in `concierge.toml`."""
        lines = [f'id = "{self.id}"', f'stock = "{STOCK}"' if self.most is None else f"at_most = {self.most}"]
        lines += [] if self.per is None or self.most is None else [f'per = "{self.per}"']
        return "\n".join(["", "[[volume]]", *lines, *([self.told] if self.told else []), ""])


def limits_of(guests: int) -> tuple[Limit, ...]:
    """What a mailing to so many guests may use up."""

    def share(of_guests: float) -> int:
        return max(1, round(of_guests * guests))

    return (
        Limit("rooms", "id", None, f"{STOCK} IS NOT NULL"),
        Limit("mails-a-day", None, share(1.1), told='within = "day"\nzone = "Europe/Paris"\nchannels = ["email"]'),
        Limit("theme-quota", "theme", share(0.16)),
        Limit("brand-quota", "brand", share(0.05)),
        Limit("new-club-members", None, share(0.08), "theme = 'club'", "offers = \"offer.theme == 'club'\""),
    )


def write_workspace(folder: Path, guests: int, seed: int) -> tuple[bytes, bytes]:
    """Write `concierge.toml` and `offers.csv` into a new folder, and give both."""
    toml, offers = bench_workspace()
    told = toml.decode().replace("[attributes.offer]\n", f'[attributes.offer]\n{STOCK} = {{ type = "int" }}\n')
    told += _PLACEMENT + "".join(limit.toml for limit in limits_of(guests))
    stocked = _with_rooms(offers.decode(), guests, np.random.default_rng([seed, 32]))
    folder.mkdir()
    (folder / "concierge.toml").write_text(told)
    (folder / "offers.csv").write_text(stocked)
    return told.encode(), stocked.encode()


def _with_rooms(offers: str, guests: int, random: np.random.Generator) -> str:
    """The offers with how many rooms each stay has; extras are not limited so."""
    rows = list(csv.DictReader(io.StringIO(offers)))
    rooms = np.maximum(1, np.round(guests * 0.0008 * random.lognormal(0.0, 0.8, len(rows)))).astype(int)
    text = io.StringIO()
    writer = csv.DictWriter(text, [*rows[0], STOCK], lineterminator="\n")
    writer.writeheader()
    for row, number in zip(rows, rooms.tolist(), strict=True):
        writer.writerow({**row, STOCK: number if row["kind"] == "stay" else ""})
    return text.getvalue()
