"""The brands of the hotel group; all names are invented."""

import msgspec

TIERS: tuple[tuple[str, float, int], ...] = (
    ("economy", 0.62, 2),
    ("midscale", 1.0, 3),
    ("upscale", 1.5, 4),
    ("luxury", 2.4, 5),
)
"""Name of the tier, its nightly rate against the group's median, and its stars."""

_NAMES: dict[str, tuple[str, ...]] = {
    "economy": (
        "Alpendor Go", "Budino", "Carrel", "Dormeo", "Easel Inn", "Ficelle", "Gare & Go", "Halte", "Isobar Inn", "Jolt",
    ),
    "midscale": (
        "Kestrel House", "Lumen", "Marlowe", "Nordhus", "Olivar", "Palmera", "Quillon", "Rivage", "Sorella", "Tamarin",
        "Umbra", "Verano", "Wayside", "Xantal",
    ),
    "upscale": (
        "Yarrow Park", "Zephyrine", "Arcadon", "Belvoire", "Calanque", "Dunmore Hall", "Esterel", "Fontamara",
        "Glasswing", "Hesperia Row",
    ),
    "luxury": ("Imperio", "Jardin d'Orme", "Kasbah Noor", "Larkspur", "Maison Lune", "Nacre"),
}  # fmt: skip


class Brand(msgspec.Struct, frozen=True):
    """A brand: its name (also its id), tier, nightly rate against the group's median, and stars."""

    name: str
    tier: str
    rate: float
    stars: int


BRANDS: tuple[Brand, ...] = tuple(
    Brand(name, tier, rate, stars) for tier, rate, stars in TIERS for name in _NAMES[tier]
)
BRAND_NAMES: tuple[str, ...] = tuple(brand.name for brand in BRANDS)
