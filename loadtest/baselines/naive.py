"""How one would write it first: FastAPI, redis-py, a numpy matrix and `Booster.predict`.

`uvicorn loadtest.baselines.naive:app --factory`. It does less than Concierge: no rules, no contact policy, no
exploration, no explanation; each decision reads one JSON profile, fills a matrix of all offers, predicts, takes the
best three and appends them to a stream. NAIVE_REDIS is the store's socket, NAIVE_MODEL a file as `Material` says,
NAIVE_THREADS how many threads predict.
"""

import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import uuid4

import lightgbm
import msgspec
import numpy as np
from fastapi import Body, FastAPI, Request
from numpy.typing import NDArray
from redis.asyncio import Redis

Floats = NDArray[np.float64]
SLOTS = 3
DAY = 86_400_000
"""Milliseconds, as all instants here."""


class Material(msgspec.Struct, frozen=True):
    """The forest, its inputs, the words of those over strings in order of category, and the offers' columns.

    `half_lives` of affinities are in days.
    """

    forest: str
    names: tuple[str, ...]
    categories: dict[str, tuple[str, ...]]
    offers: dict[str, list[str | float | None]]
    half_lives: dict[str, float]


class Scorer:
    """All offers against one customer; the columns that never change are filled once."""

    def __init__(self, material: Material, threads: int) -> None:
        self._threads = threads
        self._half_lives = material.half_lives
        self.ids = [str(offer) for offer in material.offers["id"]]
        self.margin = np.array(material.offers["margin"], np.float64)
        self._booster = lightgbm.Booster(model_str=material.forest)
        self._column = {name: at for at, name in enumerate(material.names)}
        self._categories = {
            name: {word: at for at, word in enumerate(words)} for name, words in material.categories.items()
        }
        self._offers = {name: np.array(values, object) for name, values in material.offers.items()}
        self._fixed = np.full((len(self.ids), len(material.names)), np.nan)
        for name in self._offers.keys() & self._column.keys():
            self._fixed[:, self._column[name]] = [self._number(name, value) for value in self._offers[name]]

    def propensities(self, profile: dict[str, Any], context: dict[str, Any], channel: str, now: int) -> Floats:
        """The predicted chance of every offer."""
        matrix = self._fixed.copy()
        for name, value in {
            **self._of_request(profile, context, channel, now),
            **self._of_pairs(profile, context, now),
        }.items():
            if name in self._column:
                matrix[:, self._column[name]] = value
        return np.asarray(self._booster.predict(matrix, num_threads=self._threads), np.float64)

    def _number(self, name: str, value: Any) -> float:
        if name in self._categories:
            return float(self._categories[name].get(value, np.nan))
        return np.nan if value is None else float(value)

    def _of_request(self, profile: dict[str, Any], context: dict[str, Any], channel: str, now: int) -> dict[str, float]:
        known, stays = profile["attributes"], profile["activities"].get("stays")
        plain: dict[str, Any] = {name: context.get(name) for name in ("device", "purpose", "adults", "children")}
        plain |= {name: context.get(name) for name in ("lead_days", "reason")}
        plain |= {name: known.get(name) for name in ("member", "tier", "party", "usual_rate")}
        plain |= {"channel": channel, "month": datetime.fromtimestamp(now / 1000, UTC).month - 1}
        plain |= {"known_guest": "country" in known, "shown": len(profile["shown"])}
        plain |= {"stays": stays["count"] if stays else 0, "spent": stays["value"] if stays else 0.0}
        plain["browsing"] = profile["activities"].get("browsing", {"count": 0})["count"]
        if stays:
            plain["days_since_stay"] = (now - _instant(stays["last"])) / DAY
        return {name: self._number(name, value) for name, value in plain.items() if name in self._column}

    def _of_pairs(self, profile: dict[str, Any], context: dict[str, Any], now: int) -> dict[str, Floats]:
        known, offers = profile["attributes"], self._offers
        traits = profile["traits"] | {"preferred_destination": _preferred_destination(profile, context)}
        pairs = {}
        for name in ("theme", "destination", "brand"):
            faded = 0.5 ** ((now - profile["as_of"]) / DAY / self._half_lives[name])
            weights = {each["value"]: each["weight"] * faded for each in profile["affinities"].get(name, ())}
            pairs[f"affinity_{name}"] = _each(offers[name], lambda value, weights=weights: weights.get(value, 0.0))
            pairs[f"preferred_{name}"] = _equal(offers[name], traits.get(f"preferred_{name}"))
        pairs["home_country"] = _equal(offers["country"], known.get("country"))
        pairs["searched_destination"] = _equal(offers["destination"], context.get("destination"))
        pairs["house_of_the_call"] = _equal(offers["brand"], context.get("brand"))
        interests = set(known.get("interests", ()))
        pairs["interested"] = _each(offers["theme"], lambda value: value in interests)
        pairs["theme_shown"] = _each(offers["theme"], profile["shown"].count)
        usual = known.get("usual_rate")
        pairs["rate_against_usual"] = self._fixed[:, self._column["rate"]] / (usual or np.nan)
        return pairs


def _preferred_destination(profile: dict[str, Any], context: dict[str, Any]) -> str | None:
    """The favourite; else half of it is what is searched now, and half what was looked at and booked."""
    favourite: str | None = profile["attributes"].get("favourite_destination")
    searched: str | None = context.get("destination")
    if favourite or not searched:
        learned: str | None = profile["traits"].get("preferred_destination")
        return favourite or learned
    liked = {each["value"]: each["weight"] for each in profile["affinities"].get("destination", ())}
    shares: dict[str, float] = {value: 0.5 * weight / sum(liked.values()) for value, weight in liked.items()}
    shares[searched] = shares.get(searched, 0.0) + 0.5
    return min(shares, key=lambda value: (-shares[value], value))


def _instant(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def _each(values: NDArray[np.object_], number: Any) -> Floats:
    return np.array([np.nan if value is None else number(value) for value in values], np.float64)


def _equal(values: NDArray[np.object_], wanted: str | None) -> Floats:
    """Whether each value is the wanted one; missing where either is."""
    if wanted is None:
        return np.full(len(values), np.nan)
    return np.array([np.nan if value is None else float(value == wanted) for value in values])


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    with open(os.environ["NAIVE_MODEL"], "rb") as file:
        material = msgspec.json.decode(file.read(), type=Material)
    app.state.scorer = Scorer(material, int(os.environ.get("NAIVE_THREADS", "1")))
    # Its five seconds of patience would run out while it computes for others.
    app.state.store = Redis(unix_socket_path=os.environ["NAIVE_REDIS"], socket_timeout=None)
    yield
    await app.state.store.aclose()


Asked = Annotated[dict[str, Any], Body()]


async def _score(request: Request, asked: dict[str, Any]) -> tuple[Scorer, Floats]:
    stored = await request.app.state.store.get(asked["customer"])
    scorer: Scorer = request.app.state.scorer
    now = _instant(asked["at"]) if asked.get("at") else int(time.time() * 1000)
    return scorer, scorer.propensities(msgspec.json.decode(stored), asked.get("context", {}), "web", now)


async def decide(request: Request, asked: Asked) -> dict[str, Any]:
    """The three best offers, appended to the stream of decisions."""
    scorer, chances = await _score(request, asked)
    worth = chances * scorer.margin
    best = np.argsort(-worth)[:SLOTS].tolist()
    offers = [
        {"offer": scorer.ids[row], "rank": rank, "propensity": float(chances[row]), "score": float(worth[row])}
        for rank, row in enumerate(best, 1)
    ]
    answer = {"decision": uuid4().hex, "offers": offers}
    await request.app.state.store.xadd("decisions", {"decision": msgspec.json.encode(answer)})
    return answer


async def weigh(request: Request, asked: Asked) -> dict[str, float]:
    """Every offer's propensity, so that it can be held against Concierge's."""
    scorer, chances = await _score(request, asked)
    return dict(zip(scorer.ids, chances.tolist(), strict=True))


def app() -> FastAPI:
    """The application, set up by its environment."""
    made = FastAPI(lifespan=_lifespan)
    made.post("/v1/decisions")(decide)
    made.post("/propensities")(weigh)
    made.get("/health/ready")(lambda: None)
    return made
