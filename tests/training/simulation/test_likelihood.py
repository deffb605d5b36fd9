"""The chance of each next offer is what the engine states where it draws that offer itself."""

import numpy as np
import pytest

from rules.package import unpack
from tests.training.simulation.lives import lives
from tests.training.simulation.test_side import NOTHING, package
from training.simulation.carried import CarriedContacts
from training.simulation.likelihood import next_chances
from training.simulation.side import Side
from training.simulation.variant import Variant


@pytest.mark.parametrize("change", [(), ("slots",), ("cap", "lever"), ("mandatory",)])
def test_chances_are_those_of_the_engine_under_its_own_slates(change: tuple[str, ...]) -> None:
    blob = package(*change)
    records, _ = lives(unpack(blob), 120, 7)
    side, ranks = Side(Variant(blob).snapshot(), NOTHING), 0
    for record in records:
        one = side.weigh(record, CarriedContacts().history(record))
        above: list[int] = []
        for shown in record.decision.offers:
            chances = next_chances(one, 3, above)
            assert chances.sum() == pytest.approx(1.0, abs=1e-12)
            row = one.weighing.placement.bound.position[shown.offer]
            assert chances[row] == pytest.approx(shown.probability, rel=1e-12)
            above.append(row)
            ranks += 1
        assert next_chances(one, len(above), above)[-1] == 1.0
        assert not next_chances(one, 9, above)[above].any()
    assert ranks > 100


def test_what_is_mandatory_comes_first_for_sure() -> None:
    blob = package("mandatory")
    records, _ = lives(unpack(blob), 60, 7)
    side = Side(Variant(blob).snapshot(), NOTHING)
    first = [record for record in records if [one.reasons for one in record.decision.offers[:1]] == [("mandatory",)]]
    assert len(first) > 5
    for record in first:
        one = side.weigh(record, record.contacts)
        row = one.weighing.placement.bound.position[record.decision.offers[0].offer]
        assert np.flatnonzero(next_chances(one, 3, [])).tolist() == [row]
