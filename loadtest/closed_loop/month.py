"""The month that every policy lives through: who comes, what there is to offer, and what changes on the way."""

import csv
import io

import msgspec
import numpy as np
from numpy.typing import NDArray

from loadtest.hotel.offers import offer_rows, offers_of
from loadtest.hotel.population import Population, make_population
from loadtest.hotel.response import Truth
from loadtest.hotel.visits import DAY, Visits, make_visits
from loadtest.hotel.world import World

EVERY = 6
"""One of so many of the hotel group's thousand offers is on sale."""

NEWCOMER = "lumen-late-check-out-and-brunch"
APPEAL = 1.9
"""Log-odds by which the new offer appeals to everybody beyond what its attributes tell."""

_LATEST = 3
"""Days between the end of the month and today."""


class Plan(msgspec.Struct, frozen=True):
    """How long the month is, how many visits a day has, who comes, and on which days (from 0) what changes."""

    days: int = 30
    visits: int = 400
    guests: int = 1200
    visitors: int = 3000
    offer_day: int = 12
    taste_day: int = 18


class Month(msgspec.Struct, frozen=True, eq=False):
    """One drawn month. `world` is as it was on the first day; `after` are its people since their tastes changed.

    The last offer is the new one.
    """

    plan: Plan
    world: World
    after: Population
    truth_after: Truth

    @property
    def visits(self) -> Visits:
        """All visits, in order of time."""
        return self.world.visits

    def day(self, visit: int) -> int:
        """The day of a visit, from 0."""
        return int(self.visits.at[visit] // DAY)

    def first(self, day: int) -> int:
        """The first visit of a day."""
        return int(np.searchsorted(self.visits.at, day * DAY))

    def people(self, visit: int) -> Population:
        """The people with the tastes they have at a visit."""
        return self.after if self.day(visit) >= self.plan.taste_day else self.world.people

    def truth(self, visit: int) -> Truth:
        """How people answer at a visit."""
        return self.truth_after if self.day(visit) >= self.plan.taste_day else self.world.truth

    def allowed(self, visit: int) -> NDArray[np.bool_]:
        """Which offers there are for this person: the new one from its day on."""
        allowed = self.world.truth.eligible(self.visits, visit)
        allowed[-1] &= self.day(visit) >= self.plan.offer_day
        return allowed


def make_month(seed: int, today: int, plan: Plan | None = None) -> Month:
    """Draw a month that ends some days before `today` (milliseconds since 1970).

    All visits are to the website, half of them by guests who have signed in. When tastes change, everybody likes each
    theme as much as they liked the next one before, and wants things accordingly.
    """
    plan = plan or Plan()
    start = (today // DAY - _LATEST - plan.days) * DAY
    month = int(np.datetime64(start, "ms").astype("datetime64[M]").astype(int)) % 12
    random = np.random.default_rng([seed, 30])
    offers = offers_of(csv.DictReader(io.StringIO(offers_text(with_new=True))))
    people = make_population(plan.guests, plan.visitors, random)
    after = msgspec.structs.replace(people, theme=np.roll(people.theme, -1, axis=1))
    parts = ((people, 0, plan.taste_day), (after, plan.taste_day, plan.days))
    visits = _joined([_visits(who, since, until, plan.visits, month, random) for who, since, until in parts])
    appeal = np.zeros(len(offers))
    appeal[-1] = APPEAL
    truth, truth_after = (Truth(offers, who, seed, appeal) for who in (people, after))
    return Month(plan, World(seed, start, offers, people, visits, truth), after, truth_after)


def offers_text(*, with_new: bool) -> str:
    """`offers.csv` of the month before or after the new offer came."""
    rows = offer_rows()
    kept = [row for number, row in enumerate(rows) if number % EVERY == 0 and not row["ends"]]
    if with_new:
        kept.append(_newcomer(next(row for row in rows if row["id"] == "lumen-late-check-out")))
    text = io.StringIO()
    writer = csv.DictWriter(text, list(kept[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(kept)
    return text.getvalue()


def _newcomer(like: dict[str, str]) -> dict[str, str]:
    title = "Late check-out and brunch"
    words = {"creative.title": title, "creative.text": f"Lumen. {title}.", "creative.mail.subject": f"Lumen: {title}"}
    return {**like, **words, "id": NEWCOMER, "price": "59.00", "margin": "40.00"}


def _visits(people: Population, since: int, until: int, each: int, month: int, random: np.random.Generator) -> Visits:
    days = until - since
    drawn = make_visits(people, days * each, 0, 0, days, month, random)
    # Whoever signs in half-way has two profiles first, which is the demo's business and not the loop's.
    return msgspec.structs.replace(drawn, at=drawn.at + since * DAY, login=np.zeros(len(drawn), np.bool_))


def _joined(parts: list[Visits]) -> Visits:
    return Visits(**{
        name: np.concatenate([getattr(part, name) for part in parts]) for name in Visits.__struct_fields__
    })  # fmt: skip
