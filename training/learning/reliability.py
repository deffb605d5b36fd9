"""Whether predictions keep their word where it matters: per channel and per theme, on rows the model has not seen.

Source: the posterior mean of a Gamma-Poisson rate ratio whose prior has mean 1 (Clayton and Kaldor, Biometrics 1987).
"""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from decision.version.rates_job import pooling_attribute
from models.artefact import Artefact
from models.rates import group_of
from rules.catalogue import Catalogue
from training.learning.predictor import predict
from training.learning.rows import Rows

STRENGTH = 20.0
"""Responses, as predicted, that a group's own ratio is weighed against: thin evidence stays near 1."""


class Reliability(msgspec.Struct, frozen=True):
    """Observed beside predicted means over the rows of one group, say `channel` `web`.

    `ratio` is observed over predicted, shrunk towards that of all rows where the group is thin: 1 is perfect.
    """

    kind: str
    group: str
    rows: int
    predicted: float
    observed: float
    ratio: float


def reliabilities(
    rows: Rows, prediction: NDArray[np.float64], groups: Mapping[str, NDArray[np.str_]]
) -> tuple[Reliability, ...]:
    """The reliability of predictions f8[n] in every group: `groups` holds, by kind, each row's group (empty: none)."""
    found = []
    for kind, of in groups.items():
        for group in np.unique(of[of != ""]).tolist():
            mine = of == group
            found.append(_reliability(kind, group, rows.target, prediction, mine))
    return tuple(found)


def reliability_of(artefact: Artefact, judge: Rows, catalogue: Catalogue) -> tuple[Reliability, ...]:
    """A model's reliability per channel and per theme, on rows it has not seen.

    Where the rows lack one of the model's features nothing can be said.
    """
    prediction = predict(artefact, judge)
    return () if prediction is None else reliabilities(judge, prediction, groups_of(judge, catalogue))


def groups_of(rows: Rows, catalogue: Catalogue) -> dict[str, NDArray[np.str_]]:
    """Each row's channel and theme, by the names of these kinds.

    A theme is a value of the offer attribute that pools rates. Rows of placements or offers that the catalogue does not
    have any more belong to no group: theirs is empty.
    """
    placements = catalogue.workspace.placements
    channels: dict[str, str] = {id: placement.channel for id, placement in placements.items()}
    attribute = pooling_attribute(catalogue)
    themes: dict[str, str] = dict(zip(catalogue.offers.ids, group_of(catalogue.offers, attribute), strict=True))
    return {"channel": _looked_up(rows.placement, channels), attribute: _looked_up(rows.offer, themes)}


def figures_of(found: Sequence[Reliability]) -> dict[str, dict[str, float]]:
    """The same as metrics of an artefact, by kind and group."""
    return {
        f"{one.kind} {one.group}": {
            "rows": float(one.rows),
            "mean_prediction": one.predicted,
            "mean_target": one.observed,
            "calibration": one.ratio,
        }
        for one in found
    }


def _looked_up(names: NDArray[np.str_], groups: Mapping[str, str]) -> NDArray[np.str_]:
    return np.array([groups.get(name, "") for name in names.tolist()], np.str_)


def _reliability(
    kind: str, group: str, target: NDArray[np.float64], prediction: NDArray[np.float64], mine: NDArray[np.bool_]
) -> Reliability:
    observed, predicted = float(target[mine].sum()), float(prediction[mine].sum())
    # A strength in responses becomes one in units of value by what a predicted response is worth on average.
    overall = float(target.sum()) / float(prediction.sum()) if prediction.sum() else 1.0
    strength = STRENGTH * _unit(target)
    count = int(mine.sum())
    ratio = (observed + strength * overall) / (predicted + strength) if predicted + strength else 1.0
    return Reliability(kind, group, count, predicted / count, observed / count, ratio)


def _unit(target: NDArray[np.float64]) -> float:
    """What one response comes to: 1, or the mean of the values other than 0."""
    other = target[target != 0]
    return float(np.abs(other).mean()) if len(other) else 1.0
