"""A model for the hotel workspace, grown on the world's own truth, so that the service can be measured at once."""

from collections.abc import Mapping

import lightgbm
import msgspec
import numpy as np
from numpy.typing import NDArray

from loadtest.bench.errors import Mismatch
from loadtest.hotel.account import guest_account, visit_context
from loadtest.hotel.behaviour import past_bookings, past_browsing
from loadtest.hotel.visits import DAY
from loadtest.hotel.world import World
from models.artefact import Artefact, ModelFeature, WarmUp, encode_artefact
from models.feature import FeatureList, encode_matrix, string_code
from rules.catalogue import Catalogue
from rules.check import check_workspace
from rules.facts import Facts, FactValue
from rules.ids import GoalId, Instant

TREES = 200
LEAVES = 31
VISITS = 1500
"""Visits the forest learns from; each is asked about `_PER_VISIT` offers."""
_PER_VISIT = 16
_WARM_UP_ROWS = 64
_LESS_SHY = 2.5
"""Log-odds added to the truth: with one acceptance in a hundred, trees would stay small."""
_WEIGHTS = {"booking": (8.0, 6.0, 8.0), "view": (1.0, 1.0, 1.0)}
_HALF_LIVES = (120 * DAY, 120 * DAY, 240 * DAY)
_AFFINITIES = ("theme", "destination", "brand")


class HotelModel(msgspec.Struct, frozen=True):
    """The artefact as the service takes it, and the same forest for others.

    `forest` is LightGBM's text, `names` its inputs in order, `categories` the sorted words of each input over strings.
    """

    blob: bytes
    forest: str
    names: tuple[str, ...]
    categories: dict[str, tuple[str, ...]]
    pair_share: float


def grow_model(world: World, toml: bytes, offers: bytes, seed: int) -> HotelModel:
    """A forest of 200 trees × 31 leaves over the workspace's features; another seed gives another forest."""
    catalogue = check_workspace(toml, offers, "offers.csv").catalogue
    if catalogue is None:
        raise Mismatch("the workspace of the bench is broken: `concierge check` says how")
    features = FeatureList.of(catalogue.workspace, catalogue.schema)
    asked = _asked(world, np.random.default_rng([world.seed, 11, seed]))
    raw, label = _rows(world, catalogue, features, asked)
    words = _words(catalogue, asked)
    codes = {
        spec.name: tuple(sorted({int(code) for code in raw[:, at] if not np.isnan(code)}))
        for at, spec in enumerate(features.specs)
        if spec.categorical
    }
    matrix = encode_matrix(raw, features.names, codes)
    booster = _grow(matrix, label, [features.names.index(name) for name in codes], seed)
    text = booster.model_to_string()
    warm_up = np.asarray(booster.predict(matrix[:_WARM_UP_ROWS], raw_score=True), np.float64)
    artefact = Artefact(
        kind="forest",
        goal=GoalId("accept"),
        objective="response",
        created=Instant(world.start),
        evidence=len(raw),
        features=tuple(ModelFeature(spec.name, spec.value) for spec in features.specs),
        categories=codes,
        forest=text,
        warm_up=WarmUp(tuple(tuple(map(float, row)) for row in raw[:_WARM_UP_ROWS]), tuple(map(float, warm_up))),
    )
    used = booster.feature_importance("split")
    pairs = [at for at, spec in enumerate(features.specs) if spec.binding.name == "PAIR"]
    spelled = {name: tuple(words[code] for code in known) for name, known in codes.items()}
    return HotelModel(encode_artefact(artefact), text, features.names, spelled, float(used[pairs].sum() / used.sum()))


class _Asked(msgspec.Struct, frozen=True, eq=False):
    """One visit, what would be known about it, and the offers it is asked about."""

    visit: int
    facts: Facts
    rows: NDArray[np.intp]
    draws: NDArray[np.float64]


def _asked(world: World, random: np.random.Generator) -> list[_Asked]:
    web = np.flatnonzero((world.visits.channel == 0) & (world.visits.person < world.people.guests))
    live = np.flatnonzero(world.offers.live)
    return [
        _Asked(
            int(visit), _facts(world, int(visit), random), random.choice(live, _PER_VISIT), random.random(_PER_VISIT)
        )
        for visit in random.choice(web, VISITS)
    ]


def _rows(
    world: World, catalogue: Catalogue, features: FeatureList, asked: list[_Asked]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    bound = features.bind(catalogue.offers)
    raw = np.vstack([bound.run(one.facts).matrix(one.rows) for one in asked])
    odds = np.concatenate([world.truth.log_odds(world.visits, one.visit, one.rows) for one in asked])
    draws = np.concatenate([one.draws for one in asked])
    return raw, (draws < 1.0 / (1.0 + np.exp(-odds - _LESS_SHY))).astype(np.float64)


def _grow(
    matrix: NDArray[np.float64], label: NDArray[np.float64], categories: list[int], seed: int
) -> lightgbm.Booster:
    options = {
        "objective": "binary", "num_leaves": LEAVES, "learning_rate": 0.05, "min_data_in_leaf": 20, "verbose": -1,
        "feature_fraction": 0.5, "max_bin": 127, "seed": seed, "deterministic": True, "force_row_wise": True,
        # Other threads on a busy machine would make it wait longer than it works.
        "num_threads": 1,
    }  # fmt: skip
    names = [f"f{at}" for at in range(matrix.shape[1])]
    data = lightgbm.Dataset(matrix, label, feature_name=names, categorical_feature=categories, params={"verbose": -1})
    return lightgbm.train(options, data, TREES)


def _facts(world: World, visit: int, random: np.random.Generator) -> Facts:
    """What the service would know of a guest who visits: the account, the past, the form that was filled in."""
    person = int(world.visits.person[visit])
    account = guest_account(world.people, person, "", random)
    context = visit_context(world.people, world.visits, visit)
    past = past_bookings(world.people, person, random) + past_browsing(world.people, person, random)
    stays = [event for event in past if event.kind == "booking"]
    facts: dict[str, FactValue] = {
        "now": world.start + int(world.visits.at[visit]),
        "channel": "web",
        "placement": "web-home",
        "activity.stays.frequency": len(stays),
        "activity.stays.monetary": float(sum(event.value or 0.0 for event in stays)),
        "activity.browsing.frequency": len(past) - len(stays),
        "activity.browsing.monetary": 0.0,
        "contacts.theme_shown": {},
        "contacts.shown": 0,
    }
    if stays:
        facts["activity.stays.recency"] = -max(event.at for event in stays) / DAY
    for name, value in account.attributes.items():
        if name != "member_since":
            facts[f"customer.{name}"] = tuple(value) if isinstance(value, list) else value
    facts |= {f"context.{name}": tuple(value) if isinstance(value, list) else value for name, value in context.items()}
    for at, name in enumerate(_AFFINITIES):
        weights: dict[str, float] = {}
        for event in past:
            faded = 0.5 ** (-event.at / _HALF_LIVES[at])
            if name in event.attributes:
                value = event.attributes[name]
                weights[value] = weights.get(value, 0.0) + _WEIGHTS[event.kind][at] * faded
        facts[f"affinity.{name}"] = weights
        if weights:
            facts[f"trait.preferred_{name}"] = max(weights, key=lambda value: weights[value])
    return facts


def _words(catalogue: Catalogue, asked: list[_Asked]) -> Mapping[int, str]:
    """Every string that a feature may have met, by its code."""
    words = {word for column in catalogue.offers.columns.values() for word in column.words}
    words |= {value for one in asked for value in one.facts.values() if isinstance(value, str)}
    return {int(string_code(word)): word for word in words}
