"""What people do outside decisions, and what it gives away of their tastes."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from loadtest.hotel.brands import BRAND_NAMES, BRANDS
from loadtest.hotel.destinations import CLIMATE_MONTHS, DESTINATION_NAMES, DESTINATIONS
from loadtest.hotel.population import Population
from loadtest.hotel.themes import THEME_IDS, THEMES
from loadtest.hotel.visits import DAY, Visits

HISTORY_DAYS = 540
_STAYS = np.array([row for row, theme in enumerate(THEMES) if theme.stay])


class Behaviour(msgspec.Struct, frozen=True):
    """One event: `at` in milliseconds from the plan's first day (negative: before it), `value` in euro."""

    kind: str
    at: int
    attributes: dict[str, str]
    value: float | None = None


def past_bookings(people: Population, guest: int, random: np.random.Generator) -> list[Behaviour]:
    """The stays a guest booked before the first day, drawn from their tastes and the season of each."""
    events = []
    for day in -np.sort(random.integers(1, HISTORY_DAYS, size=people.stays[guest]))[::-1]:
        month = int(-day // 30) % 12
        theme = int(_STAYS[_draw(people.theme[guest, _STAYS], random)])
        season = np.array([CLIMATE_MONTHS[place.climate][month] for place in DESTINATIONS])
        place = _draw(1.8 * people.destination[guest] + season, random)
        brand = _draw(2.0 * people.brand[guest], random)
        nights = 1 + int(random.poisson(1.5))
        spent = 0.5 * (people.budget[guest] + people.budget[guest] * BRANDS[brand].rate) * nights
        events.append(Behaviour("booking", int(day) * DAY, _about(theme, place, brand), round(float(spent), 2)))
    return events


def past_browsing(people: Population, guest: int, random: np.random.Generator) -> list[Behaviour]:
    """What a guest looked at on the website in the month before the first day."""
    return [
        Behaviour(
            "view",
            -int(random.integers(1, 30 * 24)) * DAY // 24,
            _about(
                _draw(people.theme[guest], random),
                _draw(1.8 * people.destination[guest], random),
                _draw(1.5 * people.brand[guest], random),
            ),
        )
        for _ in range(int(random.poisson(2.0)))
    ]


def browsing(people: Population, visits: Visits, visit: int, random: np.random.Generator) -> list[Behaviour]:
    """What someone searches and looks at on the website before the decision: mostly what they want today."""
    person = int(visits.person[visit])
    events = []
    if visits.searched[visit]:
        wanted = {"destination": DESTINATION_NAMES[visits.destination[visit]]}
        events.append(("search", wanted | {"theme": THEME_IDS[visits.theme[visit]]}))
    for _ in range(int(random.integers(1, 4))):
        theme = int(visits.theme[visit]) if random.random() < 0.6 else _draw(people.theme[person], random)
        place = (
            int(visits.destination[visit]) if random.random() < 0.6 else _draw(1.8 * people.destination[person], random)
        )
        brand = int(visits.brand[visit]) if random.random() < 0.5 else _draw(1.5 * people.brand[person], random)
        events.append(("view", _about(theme, place, brand)))
    start = int(visits.at[visit]) - 60_000 * len(events)
    return [Behaviour(kind, start + 60_000 * step, about) for step, (kind, about) in enumerate(events)]


def _about(theme: int, place: int, brand: int) -> dict[str, str]:
    return {"theme": THEME_IDS[theme], "destination": DESTINATION_NAMES[place], "brand": BRAND_NAMES[brand]}


def _draw(logits: NDArray[np.float64], random: np.random.Generator) -> int:
    return int(np.argmax(logits + random.gumbel(size=len(logits))))
