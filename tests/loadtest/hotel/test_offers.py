from collections import Counter

import numpy as np

from loadtest.hotel.brands import BRAND_NAMES
from loadtest.hotel.destinations import DESTINATION_NAMES
from loadtest.hotel.offers import read_offers, workspace_folder, write_offers
from loadtest.hotel.themes import THEME_IDS, THEMES
from rules.check import check_workspace


def test_the_committed_offers_are_what_the_generator_writes() -> None:
    assert (workspace_folder() / "offers.csv").read_text() == write_offers()


def test_there_are_a_thousand_offers_over_forty_brands_a_hundred_destinations_and_a_dozen_themes() -> None:
    offers = read_offers()
    assert len(offers) == len(set(offers.ids)) == 1000
    assert len(BRAND_NAMES) == len(set(BRAND_NAMES)) == 40
    assert len(DESTINATION_NAMES) == len(set(DESTINATION_NAMES)) == 100
    assert set(offers.brand) == set(range(40))
    assert set(offers.destination) == {-1, *range(100)}
    assert set(offers.theme) == set(range(len(THEME_IDS))) == set(range(12))


def test_stays_have_a_place_and_a_rate_and_extras_have_neither() -> None:
    offers = read_offers()
    stay = np.array([theme.stay for theme in THEMES])[offers.theme]
    assert ((offers.destination >= 0) == stay).all()
    assert (~np.isnan(offers.rate) == stay).all()
    assert (offers.margin > 0).all()
    assert (offers.margin[stay] < offers.price[stay]).all()
    assert Counter(offers.brand[offers.theme == THEME_IDS.index("club")]) == dict.fromkeys(range(40), 1)


def test_the_workspace_has_no_findings_and_a_placement_with_a_random_twin_on_each_channel() -> None:
    folder = workspace_folder()
    checked = check_workspace(
        (folder / "concierge.toml").read_bytes(), (folder / "offers.csv").read_bytes(), "offers.csv"
    )
    assert checked.findings == ()
    assert checked.catalogue is not None
    places = checked.catalogue.workspace.placements
    assert Counter(place.channel for place in places.values()) == {"web": 2, "call-center": 2, "email": 2}
    for name, place in places.items():
        if name.endswith("-random"):
            assert place.exploration.epsilon == 1.0
            assert {place.channel, place.slots} == {places[name[:-7]].channel, places[name[:-7]].slots}  # type: ignore[index]
