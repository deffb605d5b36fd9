"""One hotel world: offers, people, their visits and how they answer, all from one seed."""

import msgspec
import numpy as np

from loadtest.hotel.offers import Offers, read_offers
from loadtest.hotel.population import Population, make_population
from loadtest.hotel.response import Truth
from loadtest.hotel.visits import DAY, Visits, make_visits

DAYS = 28
"""How long one round of visits lasts."""

PAUSE = 3
"""Days between two rounds, so that every answer of the first is in when the model learns from it."""

ROUNDS = 2


class Size(msgspec.Struct, frozen=True):
    """How many people there are and how often they come in one round."""

    guests: int = 3000
    visitors: int = 2500
    web: int = 5000
    calls: int = 3500
    mails: int = 2400


class World(msgspec.Struct, frozen=True, eq=False):
    """Everything that is fixed before the first decision; `start` is the first day, in milliseconds since 1970."""

    seed: int
    start: int
    offers: Offers
    people: Population
    visits: Visits
    truth: Truth

    def instant(self, at: int) -> str:
        """A moment of the plan as RFC 3339."""
        return f"{np.datetime64(self.start + at, 'ms')}Z"


def make_world(seed: int, today: int, size: Size | None = None) -> World:
    """Draw a world whose rounds end some days before `today` (milliseconds since 1970), in the season of its first day.

    The last round ends early enough that every answer to it lies in the past.
    """
    size = size or Size()
    start = (today // DAY - ROUNDS * (DAYS + PAUSE)) * DAY
    month = int(np.datetime64(start, "ms").astype("datetime64[M]").astype(int)) % 12
    random = np.random.default_rng([seed, 0])
    offers = read_offers()
    people = make_population(size.guests, size.visitors, random)
    visits = make_visits(people, size.web, size.calls, size.mails, DAYS, month, random)
    return World(seed, start, offers, people, visits, Truth(offers, people, seed))
