from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rates import PRIOR, Count, Rates, group_of, smooth
from rules.ids import OfferId, PlacementId
from rules.offer import Column, OfferTable

HOME, CALL = PlacementId("home"), PlacementId("call")


def count(placement: PlacementId, offer: str, group: str, trials: float, total: float) -> Count:
    return Count(placement, OfferId(offer), group, trials, total)


def table(offers: Iterable[tuple[str, str | None]]) -> OfferTable:
    rows = list(offers)
    words = tuple(sorted({theme for _, theme in rows if theme is not None}))
    data = np.array([words.index(theme) if theme is not None else 0 for _, theme in rows], np.int32)
    present = np.array([theme is not None for _, theme in rows])
    theme = Column("string", data, present, words)
    return OfferTable(tuple(OfferId(offer) for offer, _ in rows), {"theme": theme}, ({},) * len(rows))


def test_without_evidence_every_offer_has_the_prior() -> None:
    offers = table([("a", "spa"), ("b", None)])
    assert smooth([], "theme").of(HOME, offers).tolist() == [PRIOR["response"]] * 2


def test_a_new_offer_takes_the_rate_of_its_group_on_that_placement() -> None:
    counts = [
        count(HOME, "good", "spa", 1000, 300),
        count(HOME, "bad", "club", 1000, 2),
        count(CALL, "good", "spa", 500, 5),
    ]
    rates = smooth(counts, "theme")
    offers = table(
        [("good", "spa"), ("new-spa", "spa"), ("new-family", "family"), ("new-club", "club"), ("bad", "club")]
    )
    good, new_spa, new_family, new_club, bad = rates.of(HOME, offers)
    assert good > new_spa > new_family > new_club > bad
    assert new_spa == rates.groups[HOME]["spa"]
    assert new_family == rates.placements[HOME]
    assert rates.of(CALL, offers)[1] < new_spa
    assert rates.of(PlacementId("new"), offers).tolist() == [rates.overall] * 5


def test_evidence_outweighs_the_prior_as_the_beta_posterior_says() -> None:
    rates = smooth([count(HOME, "a", "", 10, 4)], prior=0.5, strength=6)
    overall = (4 + 3) / 16
    placement = (4 + 6 * overall) / 16
    assert rates.placements[HOME] == pytest.approx(placement)
    assert rates.offers[HOME][OfferId("a")] == pytest.approx((4 + 6 * placement) / 16)


counts = st.builds(
    lambda placement, offer, trials, share: count(placement, offer, offer[:1], trials, trials * share),
    st.sampled_from([HOME, CALL]),
    st.sampled_from(["a1", "a2", "b1", ""]),
    st.integers(0, 1000),
    st.floats(0, 1),
)


@given(st.lists(counts, max_size=30))
def test_rates_stay_between_the_prior_and_what_was_seen_whatever_the_order(some: list[Count]) -> None:
    rates = smooth(some, "theme")
    every = [rate for placement in rates.offers.values() for rate in placement.values()]
    assert all(0 <= rate <= 1 for rate in every)
    assert rates.offers.keys() == {one.placement for one in some}
    backwards = smooth(some[::-1], "theme")
    for placement, offers in rates.offers.items():
        assert backwards.offers[placement] == pytest.approx(offers)


def test_the_same_offer_counted_twice_adds_up() -> None:
    halves = [count(HOME, "a", "g", 10, 1), count(HOME, "a", "g", 30, 2)]
    assert smooth(halves) == smooth([count(HOME, "a", "g", 40, 3)])


def test_only_string_attributes_pool() -> None:
    offers = table([("a", "spa"), ("b", None)])
    assert group_of(offers, "theme") == ("spa", "")
    assert group_of(offers, "") == ("", "")
    assert group_of(offers, "price") == ("", "")
    assert Rates().of(HOME, offers).tolist() == [PRIOR["response"]] * 2
