"""What speaks for an offer and against it: the parts of its model's raw score, by feature and family, and in words."""

from collections.abc import Mapping, Sequence
from math import fsum, isnan

import msgspec
import numpy as np
from numpy.typing import NDArray

from decision.engine.explained_offer import Contributions, ExplainedOffer
from decision.engine.snapshot import Snapshot
from decision.engine.weighing import Weighing
from models.feature import FeatureList, encode_matrix
from models.feature_origin import origin_of
from models.forest.contribution import contributions
from models.model import Model
from rules.column import value_at
from rules.offer import OfferTable

FeatureWords = Mapping[str, float | str | None]

OTHERS = 5
"""How many of the best offers that were not shown are told as well."""
FOR, AGAINST = 3, 2
"""How many features a sentence names, at most."""
LEAST = 0.005
"""What would be written as 0.00 is not named."""


def with_contributions(
    offers: Sequence[ExplainedOffer], weighing: Weighing, snapshot: Snapshot
) -> list[ExplainedOffer]:
    """The candidates, in order; those shown and the best others with what their forest's score is made of."""
    placement = weighing.placement
    model = snapshot.models.get(placement.bound.spec.goal)
    if model is None or model.forest is None or model.version != placement.version:
        return list(offers)
    best = np.argsort(-weighing.scores, kind="stable").tolist()
    told = [row for row, offer in enumerate(offers) if offer.status == "shown"]
    told += [row for row in best[: len(told) + OTHERS] if row not in told][:OTHERS]
    # Nothing is to be told of what the model was not asked about.
    told = [row for row in told if not isnan(weighing.prediction[row])]
    found = contributions_of(model, weighing, snapshot.features, told, [offers[row].features for row in told])
    return [msgspec.structs.replace(offer, contributions=found.get(row)) for row, offer in enumerate(offers)]


def contributions_of(
    model: Model, weighing: Weighing, features: FeatureList, rows: Sequence[int], words: Sequence[FeatureWords]
) -> dict[int, Contributions]:
    """What a forest's score of each candidate in `rows` is made of; `words` are their features as they are told."""
    artefact, names = model.artefact, [feature.name for feature in model.artefact.features]
    places = {name: place for place, name in enumerate(features.names)}
    chosen = np.array(rows, np.intp)
    scores = weighing.placement.model.raw(weighing.features, chosen)
    if scores is None:
        return {}
    given = weighing.features.matrix(chosen)
    raw = np.column_stack([given[:, places[name]] if name in places else np.ones(len(rows)) for name in names])
    found = contributions(artefact.forest, encode_matrix(raw, names, artefact.categories))
    sources = {feature.name: feature.value for feature in artefact.features}
    offers = weighing.placement.bound.offers
    return {
        row: _told(score, parts, sources, told, offers, row)
        for row, score, parts, told in zip(rows, scores.tolist(), found, words, strict=True)
    }


def _told(
    raw: float,
    parts: NDArray[np.float64],
    sources: Mapping[str, str],
    words: FeatureWords,
    offers: OfferTable,
    row: int,
) -> Contributions:
    features = {name: part for name, part in zip(sources, parts.tolist(), strict=False) if part}
    origins = {name: origin_of(name, sources[name]) for name in features}
    by_family: dict[str, list[float]] = {}
    for name, part in features.items():
        by_family.setdefault(origins[name].family, []).append(part)
    said = {
        name: origins[name].tell(name, words.get(name), _value(offers, origins[name].offer, row)) for name in features
    }
    ordered = sorted(features, key=lambda name: -abs(features[name]))
    return Contributions(
        raw=raw,
        average=float(parts[-1]),
        families={family: fsum(own) for family, own in sorted(by_family.items())},
        features=features,
        sentence=_sentence([(said[name], features[name]) for name in ordered if abs(features[name]) >= LEAST]),
    )


def _sentence(parts: Sequence[tuple[str, float]]) -> str:
    told = [f"{words} ({part:+.2f})" for words, part in parts if part > 0][:FOR]
    against = [f"{words} ({part:+.2f})" for words, part in parts if part < 0][:AGAINST]
    sentences = [f"Mostly for it: {', '.join(told)}."] if told else []
    sentences += [f"Against it: {', '.join(against)}."] if against else []
    return " ".join(sentences) or "Nothing known tells this offer from the average."


def _value(offers: OfferTable, attribute: str, row: int) -> str | None:
    """An offer's value of an attribute in words, None where it has none."""
    column = offers.columns.get(attribute)
    value = None if column is None else value_at(column, row)
    return None if value is None else str(value)
