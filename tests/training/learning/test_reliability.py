"""What is said of predictions per channel and theme, against sums made by hand."""

import io

import msgspec
import numpy as np
import pytest
from rich.console import Console

from models.artefact import Artefact
from models.rates import Rates
from rules.ids import GoalId, Instant, OfferId, PlacementId
from tests.training.shop import shop
from tests.training.worlds import response_rows, rows_of
from training.learning.reliability import STRENGTH, figures_of, reliabilities, reliability_of
from training.learning.table import reliability_table


def test_each_group_has_its_own_means_and_ratio() -> None:
    rows = response_rows(20_000, 31)
    of = np.where(np.arange(len(rows)) % 2 == 0, "web", "email")
    prediction = np.where(of == "web", 0.05, 0.2)
    found = {one.group: one for one in reliabilities(rows, prediction, {"channel": of})}
    web = rows.target[of == "web"]
    assert found["web"].rows == 10_000
    assert found["web"].predicted == pytest.approx(0.05)
    assert found["web"].observed == pytest.approx(web.mean())
    overall = rows.target.sum() / prediction.sum()
    assert found["web"].ratio == pytest.approx((web.sum() + STRENGTH * overall) / (500 + STRENGTH))
    assert found["email"].ratio < 1 < found["web"].ratio


def test_thin_evidence_stays_near_all_rows() -> None:
    rows = rows_of(np.zeros((1_000, 2)), np.ones(1_000), np.ones(1_000), np.zeros(1_000, int))
    of = np.where(np.arange(1_000) < 2, "rare", "")
    prediction = np.where(of == "rare", 0.1, 1.0)
    (rare,) = reliabilities(rows, prediction, {"theme": of})
    assert rare.observed / rare.predicted == pytest.approx(10)
    assert 1 < rare.ratio < 1.2


def test_channels_and_themes_are_those_of_the_catalogue() -> None:
    catalogue = shop()
    home = PlacementId("home")
    offers = catalogue.offers.ids[:2]
    rows = response_rows(400, 32)
    placed = np.array([offers[row % 2] for row in range(400)], np.str_)
    rates = Rates(overall=0.1, placements={home: 0.1}, offers={home: {OfferId(offer): 0.1 for offer in offers}})
    artefact = Artefact(kind="rates", goal=GoalId("accept"), objective="response", created=Instant(0), rates=rates)
    found = reliability_of(artefact, msgspec.structs.replace(rows, offer=placed), catalogue)
    assert {one.kind for one in found} >= {"channel"}
    (channel,) = (one for one in found if one.kind == "channel")
    assert (channel.group, channel.rows) == ("web", 400)
    assert figures_of(found)["channel web"]["calibration"] == channel.ratio
    said = Console(file=io.StringIO(), width=100)
    said.print(reliability_table(found, "Kept"))
    assert "channel web" in said.file.getvalue()  # type: ignore[attr-defined]
