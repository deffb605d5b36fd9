"""The mails of the last weeks, which another system sent: some guests have had all they may get."""

from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from loadtest.campaign.guests import DAY, guest_ids
from loadtest.hotel.offers import Offers

EVERY = 50
"""One guest in so many had as many mails as a month allows, and the next one three of a theme without a response."""
_FULL = (3, 8, 13, 18)
_TIRED = (20, 35, 50)
"""Days ago."""

MAPPING = """
id = "id"
customer = "customer"
placement = { constant = "newsletter" }
offer = "offer"
probability = { constant = 1.0 }
at = { column = "at", unit = "ms" }
"""


def write_past(file: Path, guests: int, now: int, offers: Offers, seed: int) -> int:
    """Write the mails as Parquet, one row each, and give how many; `now` is milliseconds since 1970."""
    random = np.random.default_rng([seed, 33])
    names = np.array(guest_ids(0, guests).to_pylist())
    full, tired = names[0::EVERY], names[1::EVERY]
    live = np.flatnonzero(offers.live)
    themes = [live[offers.theme[live] == theme] for theme in range(int(offers.theme.max()) + 1)]
    shown: list[tuple[str, int, int]] = []
    for guest in full.tolist():
        chosen = random.choice(live, len(_FULL), replace=False).tolist()
        shown += [(guest, offer, days) for offer, days in zip(chosen, _FULL, strict=True)]
    for guest in tired.tolist():
        chosen = random.choice(themes[int(random.integers(len(themes)))], len(_TIRED), replace=False).tolist()
        shown += [(guest, offer, days) for offer, days in zip(chosen, _TIRED, strict=True)]
    guest_of, offer_of, days_ago = zip(*shown, strict=True)
    parquet.write_table(
        pa.table(
            {
                "id": [f"{guest}-mail-{days}" for guest, _, days in shown],
                "customer": pa.array(guest_of),
                "offer": [offers.ids[offer] for offer in offer_of],
                "at": now - np.array(days_ago, np.int64) * DAY,
            }
        ),
        file,
    )
    return len(shown)
