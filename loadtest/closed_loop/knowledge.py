"""What the hotel group knows of who visits, for policies that learn outside the service: no less than the service."""

import numpy as np
from numpy.typing import NDArray

from loadtest.closed_loop.month import Month
from loadtest.hotel.account import visit_context
from loadtest.hotel.arrival import accounts, pasts
from loadtest.hotel.behaviour import Behaviour, browsing
from loadtest.hotel.brands import BRAND_NAMES
from loadtest.hotel.destinations import DESTINATION_NAMES, DESTINATIONS
from loadtest.hotel.themes import THEME_IDS
from loadtest.hotel.visits import DAY
from loadtest.messages import Account, AttributeValue

WORDS: dict[str, tuple[str, ...]] = {
    "theme": THEME_IDS, "destination": DESTINATION_NAMES, "brand": BRAND_NAMES,
}  # fmt: skip
WEIGHTS: dict[str, dict[str, float]] = {
    "theme": {"view": 1.0, "search": 2.0, "booking": 8.0, "accept": 4.0},
    "destination": {"view": 1.0, "search": 2.0, "booking": 6.0, "accept": 4.0},
    "brand": {"view": 1.0, "booking": 8.0, "accept": 4.0},
}
"""What an event adds to an affinity, as in the workspace."""
HALF_LIFE = {"theme": 120 * DAY, "destination": 120 * DAY, "brand": 240 * DAY}

MATCHES = (
    "affinity_theme", "affinity_destination", "affinity_brand", "preferred_theme", "preferred_destination",
    "preferred_brand", "interested", "home_country", "searched_destination", "dear", "cheap", "theme_shown",
)  # fmt: skip
"""The columns of `Knowledge.matches`: what the workspace's features tell of a pair."""


class Knowledge:
    """Accounts, affinities that fade, and how often each theme was lately shown, kept up to date visit by visit."""

    def __init__(self, month: Month) -> None:
        self._month = month
        people = len(month.world.people)
        self._affinity = {name: np.zeros((people, len(words))) for name, words in WORDS.items()}
        self._themes_shown: dict[int, list[tuple[int, int]]] = {}
        self._accounts: dict[int, Account] = dict(accounts(month.world))
        for guest, past in pasts(month.world):
            self._add(guest, past)
        offers = month.world.offers
        self._columns = {"theme": offers.theme, "destination": offers.destination, "brand": offers.brand}
        self._country = np.array([DESTINATIONS[place].country if place >= 0 else "" for place in offers.destination])

    def meet(self, visit: int) -> None:
        """Someone has browsed and waits for the decision."""
        random = np.random.default_rng([self._month.world.seed, 4, visit])
        self._add(self._person(visit), browsing(self._month.people(visit), self._month.visits, visit, random))

    def answered(self, visit: int, row: int, accepted: bool) -> None:
        """An offer was shown, and maybe taken; who takes a stay has booked it."""
        person, at = self._person(visit), int(self._month.visits.at[visit])
        self._themes_shown.setdefault(person, []).append((at, int(self._columns["theme"][row])))
        if accepted:
            for name, column in self._columns.items():
                if column[row] >= 0:
                    self._raise(person, name, int(column[row]), WEIGHTS[name]["accept"], at)

    def request(self, visit: int) -> dict[str, AttributeValue]:
        """What is known whatever is offered: context and account."""
        account = self._accounts.get(self._person(visit))
        context = visit_context(self._month.world.people, self._month.visits, visit)
        return context | ({} if account is None else account.attributes)

    def matches(self, visit: int, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """How each offer fits what is known, f8[rows, MATCHES]; 0 where it does not."""
        person, at = self._person(visit), int(self._month.visits.at[visit])
        known, offers = self.request(visit), self._month.world.offers
        columns: dict[str, NDArray[np.float64]] = {}
        for name, column in self._columns.items():
            faded = self._affinity[name][person] * 0.5 ** (at / HALF_LIFE[name])
            here, is_there = column[rows], column[rows] >= 0
            columns[f"affinity_{name}"] = np.where(is_there, np.log1p(faded[here]), 0.0)
            preferred = known.get(f"favourite_{name}", WORDS[name][int(np.argmax(faded))] if faded.any() else None)
            code = WORDS[name].index(str(preferred)) if preferred is not None else -1
            columns[f"preferred_{name}"] = np.where(is_there & (here == code), 1.0, 0.0)
        interests = known.get("interests", [])
        liked = np.isin(np.array(THEME_IDS), interests if isinstance(interests, list) else [])
        columns["interested"] = np.where(liked[offers.theme[rows]], 1.0, 0.0)
        columns["home_country"] = np.where(self._country[rows] == str(known.get("country", "?")), 1.0, 0.0)
        searched = known.get("destination")
        place = DESTINATION_NAMES.index(str(searched)) if searched is not None else -2
        columns["searched_destination"] = np.where(offers.destination[rows] == place, 1.0, 0.0)
        rate, usual = offers.rate[rows], known.get("usual_rate")
        dear = np.nan_to_num(np.log2(rate / usual)) if isinstance(usual, float) else np.zeros(len(rows))
        columns["dear"], columns["cheap"] = np.maximum(dear, 0.0), np.maximum(-dear, 0.0)
        lately = [theme for shown, theme in self._themes_shown.get(person, []) if shown > at - 14 * DAY]
        columns["theme_shown"] = np.bincount(lately, minlength=len(THEME_IDS)).astype(np.float64)[offers.theme[rows]]
        return np.column_stack([columns[name] for name in MATCHES])

    def _person(self, visit: int) -> int:
        return int(self._month.visits.person[visit])

    def _add(self, person: int, events: list[Behaviour]) -> None:
        for event in events:
            for name, word in event.attributes.items():
                self._raise(person, name, WORDS[name].index(word), WEIGHTS[name].get(event.kind, 0.0), event.at)

    def _raise(self, person: int, name: str, code: int, weight: float, at: int) -> None:
        # Kept as if all had happened at the first moment; whoever reads it lets it fade from there.
        self._affinity[name][person, code] += weight * 2.0 ** (at / HALF_LIFE[name])
