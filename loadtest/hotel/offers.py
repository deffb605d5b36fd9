"""The thousand offers of the hotel group: how they were made, and how the world reads them back.

`write_offers` made `workspace/offers.csv`; run `python -m loadtest.hotel.offers` after changing anything it reads.
"""

import csv
import io
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from loadtest.hotel.brands import BRAND_NAMES, BRANDS, Brand
from loadtest.hotel.destinations import CLIMATES, DESTINATION_NAMES, DESTINATIONS, Destination
from loadtest.hotel.figures import NIGHTS, RATE_LOG_MEAN
from loadtest.hotel.themes import THEME_IDS, THEMES, Theme

STAYS_PER_BRAND = 19
_SEED = 20260301
_COLUMNS = (
    "id", "starts", "ends", "brand", "tier", "stars", "theme", "kind", "destination", "country", "climate",
    "price", "rate", "margin", "nights", "members_only",
    "creative.title", "creative.text", "creative.banner.image", "creative.script.line", "creative.mail.subject",
)  # fmt: skip


class Offers(msgspec.Struct, frozen=True, eq=False):
    """The offers as columns, one row each.

    `brand`, `theme`, `destination` and `climate` are indices into the world's lists (destination and climate -1 for
    extras); `price` and `margin` are euro, `rate` euro per night (NaN for extras); `live` is false once `ends` passed.
    """

    ids: tuple[str, ...]
    brand: NDArray[np.intp]
    theme: NDArray[np.intp]
    destination: NDArray[np.intp]
    climate: NDArray[np.intp]
    price: NDArray[np.float64]
    rate: NDArray[np.float64]
    margin: NDArray[np.float64]
    members_only: NDArray[np.bool_]
    live: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def row(self) -> dict[str, int]:
        """The row of every id."""
        return {offer: row for row, offer in enumerate(self.ids)}


def workspace_folder() -> Path:
    """The folder of the hotel workspace, as installed."""
    return Path(str(files("loadtest.hotel"))) / "workspace"


def offer_rows() -> list[dict[str, str]]:
    """The lines of the workspace's own `offers.csv`."""
    with (workspace_folder() / "offers.csv").open(newline="") as lines:
        return list(csv.DictReader(lines))


def read_offers(path: Path | None = None) -> Offers:
    """The offers in a CSV file; the workspace's own without a path."""
    if path is None:
        return offers_of(offer_rows())
    with path.open(newline="") as lines:
        return offers_of(csv.DictReader(lines))


def offers_of(lines: Iterable[dict[str, str]]) -> Offers:
    """The offers that the lines of a file tell of."""
    rows = list(lines)

    def numbers(name: str) -> NDArray[np.float64]:
        return np.array([float(row[name] or "nan") for row in rows])

    def indices(name: str, words: tuple[str, ...]) -> NDArray[np.intp]:
        return np.array([words.index(row[name]) if row[name] else -1 for row in rows], np.intp)

    return Offers(
        ids=tuple(row["id"] for row in rows),
        brand=indices("brand", BRAND_NAMES),
        theme=indices("theme", THEME_IDS),
        destination=indices("destination", DESTINATION_NAMES),
        climate=indices("climate", CLIMATES),
        price=numbers("price"),
        rate=numbers("rate"),
        margin=numbers("margin"),
        members_only=np.array([row["members_only"] == "true" for row in rows]),
        live=np.array([row["ends"] == "" for row in rows]),
    )


def write_offers() -> str:
    """The text of `offers.csv`; the same on every run."""
    random = np.random.default_rng(_SEED)
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    for brand in BRANDS:
        for row in _stays(brand, random):
            writer.writerow(row)
        for theme in THEMES:
            if not theme.stay:
                writer.writerow(_extra(brand, theme, random))
    return text.getvalue()


def _stays(brand: Brand, random: np.random.Generator) -> list[dict[str, object]]:
    """A brand has eight to fourteen houses, and leans to a few of the themes."""
    houses = random.choice(len(DESTINATIONS), size=int(random.integers(8, 15)), replace=False)
    themes = [theme for theme in THEMES if theme.stay]
    leaning = random.dirichlet([1.5] * len(themes))
    nights, shares = zip(*NIGHTS, strict=True)
    taken: set[str] = set()
    rows: list[dict[str, object]] = []
    while len(rows) < STAYS_PER_BRAND:
        theme = themes[int(random.choice(len(themes), p=leaning))]
        place = DESTINATIONS[int(random.choice(houses))]
        stay = int(random.choice(nights, p=np.array(shares) / sum(shares)))
        stay = min(max(stay, 4 if theme.id == "family" else 1), 2 if theme.id == "week-end" else 7)
        rate = np.exp(RATE_LOG_MEAN + 0.15 * random.normal()) * brand.rate * theme.price * 0.92 ** (stay - 1)
        id = _slug(brand.name, theme.id, place.name)
        if id in taken:
            continue
        taken.add(id)
        margin = theme.margin * np.exp(0.15 * random.normal())
        rows.append(_row(id, brand, theme, place, stay, float(rate), float(rate * stay * margin), random))
    return rows


def _extra(brand: Brand, theme: Theme, random: np.random.Generator) -> dict[str, object]:
    """What a guest adds to a stay, or the brand's club."""
    price = theme.price * brand.rate**0.6 * np.exp(0.1 * random.normal())
    margin = theme.margin * np.exp(0.1 * random.normal()) * (1.0 if theme.id == "club" else price)
    row = _row(_slug(brand.name, theme.id), brand, theme, None, None, None, float(margin), random)
    return {**row, "price": f"{price:.2f}"}


def _row(
    id: str, brand: Brand, theme: Theme, place: Destination | None, nights: int | None, rate: float | None,
    margin: float, random: np.random.Generator,
) -> dict[str, object]:  # fmt: skip
    where = f" in {place.name}" if place else ""
    stay = f", {nights} night{'s' if nights and nights > 1 else ''}" if nights else ""
    retired = place is not None and random.random() < 0.03
    return {
        "id": id,
        "starts": "2024-01-01T00:00:00Z" if retired else "",
        "ends": "2025-01-01T00:00:00Z" if retired else "",
        "brand": brand.name, "tier": brand.tier, "stars": brand.stars,
        "theme": theme.id, "kind": "stay" if theme.stay else "extra",
        "destination": place.name if place else "", "country": place.country if place else "",
        "climate": place.climate if place else "",
        "price": f"{rate * nights:.2f}" if rate and nights else "", "rate": f"{rate:.2f}" if rate else "",
        "margin": f"{margin:.2f}", "nights": nights or "",
        "members_only": "true" if place is not None and not retired and random.random() < 0.1 else "false",
        "creative.title": f"{theme.title}{where}", "creative.text": f"{brand.name}{where}{stay}.",
        "creative.banner.image": f"{theme.id}.webp",
        "creative.script.line": f"May I tell you about our {theme.title.lower()} at {brand.name}{where}?",
        "creative.mail.subject": f"{brand.name}: {theme.title.lower()}{where}",
    }  # fmt: skip


def _slug(*words: str) -> str:
    plain = "-".join(words).lower().translate(str.maketrans("éèçüöáí", "eecuoai"))
    return "".join(
        letter if letter.isascii() and letter.isalnum() else "-"
        for letter in plain.replace("'", "").replace(" & ", "-")
    )


if __name__ == "__main__":
    (workspace_folder() / "offers.csv").write_text(write_offers())
