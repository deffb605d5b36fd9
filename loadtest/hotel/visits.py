"""The arrivals of a season: who comes when, on which channel, wanting what."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from loadtest.hotel.destinations import CLIMATE_MONTHS, DESTINATIONS
from loadtest.hotel.figures import LEAD_LOG_MEAN, LEAD_LOG_SD, NIGHTS, REPEAT_SHARE
from loadtest.hotel.population import CHANNELS, Population
from loadtest.hotel.themes import THEMES

WEB, CALL, EMAIL = range(len(CHANNELS))
DAY = 86_400_000
REASONS: tuple[str, ...] = ("new-booking", "change", "question")


class Visits(msgspec.Struct, frozen=True, eq=False):
    """One row per visit, in order of time.

    `at` is in milliseconds from the plan's first day; `month` counts from 0. `theme`, `destination` and `brand` are
    what the person wants today (-1: nothing in particular, as in an e-mail); `searched` tells whether the destination
    was typed in; `brand` of a call is the house the caller stays at. `login` marks guests who arrive anonymously and
    sign in, `random` the visits that random choice serves while the service learns.
    """

    person: NDArray[np.intp]
    channel: NDArray[np.intp]
    at: NDArray[np.int64]
    month: NDArray[np.intp]
    theme: NDArray[np.intp]
    destination: NDArray[np.intp]
    brand: NDArray[np.intp]
    searched: NDArray[np.bool_]
    reason: NDArray[np.intp]
    nights: NDArray[np.intp]
    lead_days: NDArray[np.intp]
    phone: NDArray[np.bool_]
    login: NDArray[np.bool_]
    random: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.person)


def make_visits(
    people: Population, web: int, calls: int, mails: int, days: int, month: int, random: np.random.Generator
) -> Visits:
    """Draw the visits of some days, all in one month's season.

    The web is visited by guests and visitors, guests call, and one e-mail goes out to those who agreed to it.
    """
    person = np.concatenate([
        _web_people(people, web, random),
        _habitual(people, calls, CALL, random),
        random.permutation(np.flatnonzero(people.mail_consent))[:mails],
    ])  # fmt: skip
    channel = np.repeat([WEB, CALL, EMAIL], [web, calls, len(person) - web - calls])
    at = np.where(channel == EMAIL, days * DAY // 2, random.integers(0, days * DAY, size=len(person)))
    order = np.argsort(at, kind="stable")
    person, channel, at = person[order], channel[order], at[order]
    size = len(person)
    wanting = channel != EMAIL
    months = np.full(size, month)
    nights, shares = zip(*NIGHTS, strict=True)
    return Visits(
        person=person,
        channel=channel,
        at=at,
        month=months,
        theme=np.where(wanting, _themes_wanted(people, person, month, random), -1),
        destination=np.where(wanting, _places_wanted(people, person, month, random), -1),
        brand=np.where(wanting, _softmax_draw(1.5 * people.brand[person], random), -1),
        searched=wanting & (random.random(size) < 0.7),
        reason=random.choice(len(REASONS), size=size, p=[0.45, 0.3, 0.25]),
        nights=random.choice(nights, size=size, p=np.array(shares) / sum(shares)),
        lead_days=np.expm1(LEAD_LOG_MEAN + LEAD_LOG_SD * random.normal(size=size)).clip(0, 737).astype(np.intp),
        phone=random.random(size) < 0.55,
        login=(channel == WEB) & (person < people.guests) & (random.random(size) < 0.15),
        random=random.random(size) < 1 / 3,
    )


def _web_people(people: Population, size: int, random: np.random.Generator) -> NDArray[np.intp]:
    """Half the sessions are signed-in guests; of the anonymous ones the published share has been there before."""
    known = _habitual(people, size // 2, WEB, random)
    visitors = np.arange(people.guests, len(people))
    fresh = random.permutation(visitors)[: round((size - len(known)) * (1 - REPEAT_SHARE))]
    again = random.choice(fresh, size=size - len(known) - len(fresh))
    return random.permutation(np.concatenate([known, fresh, again]))


def _habitual(people: Population, size: int, channel: int, random: np.random.Generator) -> NDArray[np.intp]:
    """Guests come as often as the channel is their habit."""
    weight = np.exp(people.habit[: people.guests, channel])
    return random.choice(people.guests, size=size, p=weight / weight.sum())


def _themes_wanted(
    people: Population, person: NDArray[np.intp], month: int, random: np.random.Generator
) -> NDArray[np.intp]:
    season = np.array([theme.months[month] for theme in THEMES])
    return _softmax_draw(people.theme[person] + season, random)


def _places_wanted(
    people: Population, person: NDArray[np.intp], month: int, random: np.random.Generator
) -> NDArray[np.intp]:
    season = np.array([CLIMATE_MONTHS[place.climate][month] for place in DESTINATIONS])
    return _softmax_draw(1.8 * people.destination[person] + season, random)


def _softmax_draw(logits: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.intp]:
    drawn: NDArray[np.intp] = np.argmax(logits + random.gumbel(size=logits.shape), axis=1)
    return drawn
