"""How people answer: the truth that the service has to find out.

An offer's log-odds add up from the channel, the offer's own quality, the person's taste for its theme, destination and
brand, what the person wants today, price against budget, season, channel habit and fatigue. A slate converts by
multinomial logit with an outside option: an offer's weight is its odds times how often its rank is looked at, doing
nothing weighs 1, and at most one offer of a slate is accepted.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from loadtest.hotel.destinations import CLIMATE_MONTHS, CLIMATES
from loadtest.hotel.noise import gumbel
from loadtest.hotel.offers import Offers
from loadtest.hotel.population import Population
from loadtest.hotel.themes import THEMES
from loadtest.hotel.visits import CALL, Visits

BASE: tuple[float, float, float] = (-4.0, -3.6, -3.7)
"""Log-odds of an offer of no particular appeal: web, call-center, email."""

LOOKED_AT: tuple[tuple[float, ...], ...] = ((1.0, 0.75, 0.55, 0.4), (1.0, 0.7, 0.5, 0.35), (1.0, 0.6, 0.45, 0.3))
"""How often each rank is looked at: web, call-center, email."""

WANTED_THEME, WANTED_PLACE, WANTED_BRAND = 1.0, 1.4, 0.8
STAYING_THERE, STAYING_ELSEWHERE = 0.8, -1.5
FATIGUE = -0.35
EFFORT = -0.55
"""Log-odds per unit of ln(price of a stay / 200 euro): a dear stay is booked less lightly, whatever the budget."""


class Truth:
    """The hidden response of one population to one set of offers; `seed` fixes the offers' quality and all moods.

    `appeal` f8[offers] is what single offers have beyond that, in log-odds.
    """

    def __init__(
        self, offers: Offers, people: Population, seed: int, appeal: NDArray[np.float64] | None = None
    ) -> None:
        self.offers = offers
        self.people = people
        self._seed = seed
        random = np.random.default_rng([seed, 1])
        self._quality = 0.3 * random.normal(size=len(offers)) + (0.0 if appeal is None else appeal)
        self._stay = np.array([theme.stay for theme in THEMES])[offers.theme]
        effort = EFFORT * np.log(np.maximum(np.nan_to_num(offers.price, nan=200.0), 1.0) / 200.0)
        self._standing = self._quality + np.where(self._stay, effort, 0.0)
        theme_months = np.array([theme.months for theme in THEMES])[offers.theme]
        climate_months = np.array([CLIMATE_MONTHS[climate] for climate in CLIMATES])[offers.climate]
        self._season = theme_months + np.where(self._stay[:, None], climate_months, 0.0)

    def log_odds(
        self, visits: Visits, visit: int, rows: NDArray[np.intp], tired: NDArray[np.float64] | None = None
    ) -> NDArray[np.float64]:
        """Log-odds of each row of the offers in one visit, at the first rank.

        `tired` holds how often each theme was lately shown to this person (see `Fatigue`).
        """
        person, channel = visits.person[visit], int(visits.channel[visit])
        people, offers = self.people, self.offers
        theme, brand, place = offers.theme[rows], offers.brand[rows], offers.destination[rows]
        odds: NDArray[np.float64] = BASE[channel] + people.habit[person, channel] + self._standing[rows]
        odds = odds + people.theme[person, theme] + people.brand[person, brand]
        odds = odds + self._season[rows, visits.month[visit]] + WANTED_THEME * (theme == visits.theme[visit])
        stay = self._stay[rows]
        odds = odds + np.where(stay, self._stay_odds(visits, visit, rows, place), 0.0)
        odds = odds + self._brand_odds(visits, visit, brand, stay)
        if tired is not None:
            odds = odds + FATIGUE * tired[theme]
        return odds

    def _stay_odds(
        self, visits: Visits, visit: int, rows: NDArray[np.intp], place: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        person = visits.person[visit]
        dear = np.log2(np.nan_to_num(self.offers.rate[rows], nan=1.0) / self.people.budget[person])
        price = -self.people.price_sensitivity[person] * np.where(dear > 0, dear, -0.35 * dear)
        odds: NDArray[np.float64] = (
            self.people.destination[person, place] + WANTED_PLACE * (place == visits.destination[visit]) + price
        )
        return odds

    @staticmethod
    def _brand_odds(
        visits: Visits, visit: int, brand: NDArray[np.intp], stay: NDArray[np.bool_]
    ) -> NDArray[np.float64]:
        """Extras serve those who stay with the brand: a caller names the house, others do not have one booked."""
        wanted = brand == visits.brand[visit]
        if visits.channel[visit] == CALL:
            extra = np.where(wanted, STAYING_THERE, STAYING_ELSEWHERE)
            return np.where(stay, np.where(wanted, WANTED_BRAND, 0.0), extra)
        return np.where(wanted, WANTED_BRAND, 0.0)

    def weights(
        self,
        visits: Visits,
        visit: int,
        slate: Sequence[int] | NDArray[np.intp],
        tired: NDArray[np.float64] | None = None,
    ) -> NDArray[np.float64]:
        """The multinomial logit weight of each offer of a slate (rows in rank order)."""
        rows = np.asarray(slate, np.intp)
        looked = np.array(LOOKED_AT[int(visits.channel[visit])][: len(rows)])
        weights: NDArray[np.float64] = np.exp(self.log_odds(visits, visit, rows, tired)) * looked
        return weights

    def expected(
        self,
        visits: Visits,
        visit: int,
        slate: Sequence[int] | NDArray[np.intp],
        tired: NDArray[np.float64] | None = None,
    ) -> tuple[float, float]:
        """The probability that one offer of the slate is accepted, and the expected margin in euro."""
        if not len(slate):
            return 0.0, 0.0
        weights = self.weights(visits, visit, slate, tired)
        total = 1.0 + weights.sum()
        return float(weights.sum() / total), float(weights @ self.offers.margin[np.asarray(slate, np.intp)] / total)

    def choose(
        self,
        visits: Visits,
        visit: int,
        slate: Sequence[int] | NDArray[np.intp],
        tired: NDArray[np.float64] | None = None,
    ) -> int | None:
        """The index in the slate of the offer that is accepted, or None; a draw with the visit's own noise."""
        if not len(slate):
            return None
        rows = np.asarray(slate, np.intp)
        appeal = np.log(self.weights(visits, visit, slate, tired)) + gumbel(self._seed, int(visit), rows)
        best = int(np.argmax(appeal))
        outside = gumbel(self._seed, int(visit), np.array([-1], np.intp))[0]
        return best if appeal[best] > outside else None

    def eligible(self, visits: Visits, visit: int) -> NDArray[np.bool_]:
        """Which offers the business would let this person have: in period, and as the membership allows."""
        member = bool(self.people.member[visits.person[visit]])
        club = np.array([theme.id == "club" for theme in THEMES])[self.offers.theme]
        allowed: NDArray[np.bool_] = self.offers.live & (~club if member else ~self.offers.members_only)
        return allowed
