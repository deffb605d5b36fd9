"""The people of the hotel world: identified guests and anonymous visitors, with tastes the service never sees."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from loadtest.hotel.brands import BRANDS
from loadtest.hotel.destinations import CLIMATES, DESTINATIONS
from loadtest.hotel.figures import (
    CORPORATE_SHARE,
    COUNTRIES,
    EARLIER_STAYS_OF_REPEATERS,
    PARTIES,
    PARTY_RATE,
    RATE_LOG_MEAN,
    RATE_LOG_SD,
    REPEAT_SHARE,
    REPEAT_SHARE_CORPORATE,
)
from loadtest.hotel.themes import THEMES

CHANNELS: tuple[str, ...] = ("web", "call-center", "email")
PARTY_NAMES: tuple[str, ...] = tuple(name for name, _ in PARTIES)
COUNTRY_CODES: tuple[str, ...] = tuple(code for code, _ in COUNTRIES)
LIKED_PLACES = 5
LIKED_BRANDS = 3


class Population(msgspec.Struct, frozen=True, eq=False):
    """One row per person; the first `guests` rows are identified customers, the rest anonymous visitors.

    Tastes are log-odds: `theme` (people × themes), `destination` (people × destinations), `brand` (people × brands),
    `habit` (people × channels). `budget` is euro per night, `price_sensitivity` log-odds per doubling of the rate over
    the budget. `country` and `party` are indices; `stays` counts earlier bookings of guests.
    """

    guests: int
    country: NDArray[np.intp]
    party: NDArray[np.intp]
    business: NDArray[np.bool_]
    theme: NDArray[np.float64]
    destination: NDArray[np.float64]
    brand: NDArray[np.float64]
    habit: NDArray[np.float64]
    budget: NDArray[np.float64]
    price_sensitivity: NDArray[np.float64]
    member: NDArray[np.bool_]
    mail_consent: NDArray[np.bool_]
    stays: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.country)

    def id(self, person: int) -> str:
        """The customer id of a guest, or the visitor id of anyone else."""
        return f"guest-{person:05d}" if person < self.guests else f"visitor-{person:05d}"


def make_population(guests: int, visitors: int, random: np.random.Generator) -> Population:
    """Draw people; country, party, daily rate, corporate and repeat shares follow the published figures."""
    people = guests + visitors
    known = np.arange(people) < guests
    country = _draw(COUNTRIES, people, random)
    party = _draw(PARTIES, people, random)
    business = random.random(people) < np.where(known, _corporate_share_of_repeaters(), CORPORATE_SHARE)
    spend = np.log([PARTY_RATE[name] for name in PARTY_NAMES])[party]
    budget = np.exp(RATE_LOG_MEAN + 0.5 * (spend - RATE_LOG_MEAN) + RATE_LOG_SD * random.normal(size=people))
    return Population(
        guests=guests,
        country=country,
        party=party,
        business=business,
        theme=_theme_tastes(party, business, random),
        destination=_destination_tastes(country, random),
        brand=_brand_tastes(budget, random),
        habit=0.4 * random.normal(size=(people, len(CHANNELS))),
        budget=budget,
        price_sensitivity=0.4 + random.gamma(3.0, 0.3, size=people),
        member=known & (random.random(people) < 0.6),
        mail_consent=known & (random.random(people) < 0.8),
        stays=np.where(known, random.geometric(1.0 / EARLIER_STAYS_OF_REPEATERS, size=people), 0),
    )


def _draw(table: tuple[tuple[str, float], ...], size: int, random: np.random.Generator) -> NDArray[np.intp]:
    shares = np.array([share for _, share in table])
    return random.choice(len(table), size=size, p=shares / shares.sum())


def _corporate_share_of_repeaters() -> float:
    """Bayes' rule: how many of those who come back travel on business."""
    return CORPORATE_SHARE * REPEAT_SHARE_CORPORATE / REPEAT_SHARE


def _theme_tastes(
    party: NDArray[np.intp], business: NDArray[np.bool_], random: np.random.Generator
) -> NDArray[np.float64]:
    """What the party and the purpose explain, and as much again that is the person's own."""
    explained = np.array([theme.party for theme in THEMES]).T[party]
    purpose = business[:, None] * np.array([theme.business for theme in THEMES])
    tastes: NDArray[np.float64] = explained + purpose + random.normal(size=explained.shape)
    return tastes


def _destination_tastes(country: NDArray[np.intp], random: np.random.Generator) -> NDArray[np.float64]:
    """A handful of liked places, near home more often than not, and a leaning to one kind of landscape."""
    climates = np.array([CLIMATES.index(place.climate) for place in DESTINATIONS])
    leaning = 0.7 * random.normal(size=(len(country), len(CLIMATES)))[:, climates]
    home = np.array([[place.country == code for place in DESTINATIONS] for code in COUNTRY_CODES])[country]
    pull = leaning + 1.0 * home + random.gumbel(size=leaning.shape)
    liked = pull >= np.sort(pull, axis=1)[:, -LIKED_PLACES][:, None]
    tastes: NDArray[np.float64] = 0.4 * leaning - 0.8 + 2.2 * liked
    return tastes


def _brand_tastes(budget: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.float64]:
    """A few liked brands, of the tiers the budget reaches."""
    dear = np.log(np.array([brand.rate for brand in BRANDS])[None, :] * np.exp(RATE_LOG_MEAN) / budget[:, None])
    pull = -1.5 * np.abs(dear) + random.gumbel(size=dear.shape)
    liked = pull >= np.sort(pull, axis=1)[:, -LIKED_BRANDS][:, None]
    tastes: NDArray[np.float64] = -0.2 + 1.2 * liked
    return tastes
