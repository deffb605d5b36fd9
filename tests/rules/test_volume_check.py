import re
from pathlib import Path

import pytest

from tests.rules.small_workspace import OFFERS, TOML, check

LIMIT = """
[[volume]]
id = "mails"
at_most = 500
within = "day"
zone = "Europe/Lisbon"
channels = ["email", "web"]
"""


GUIDE = (Path(__file__).parents[2] / "docs" / "volume-limits.md").read_text()


def findings(limit: str, toml: str = TOML, offers: str = OFFERS) -> list[tuple[str, str]]:
    return [(finding.key, finding.message) for finding in check(toml + limit, offers).findings]


def test_a_sound_limit_has_no_finding() -> None:
    assert findings(LIMIT) == []
    assert findings('[[volume]]\nid = "rooms"\nstock = "nights"\noffers = "offer.theme == \'spa\'"\nat_least = 1') == []


def test_the_limit_in_the_readme_is_sound() -> None:
    [limit] = [block for block in GUIDE.split("```") if block.startswith("toml\n[[volume]]")]
    assert findings(limit.removeprefix("toml")) == []


MISTAKES = [
    ("at_most = 500", "", "volume.mails", "limits nothing; give at_most, stock or at_least"),
    ("at_most = 500", "at_most = 0", "volume.mails.at_most", "at least 1, not 0"),
    ("at_most = 500", "at_most = '500'", "volume.mails.at_most", "must be a whole number"),
    ("at_most = 500", "at_most = 500\nat_least = 501", "volume.mails.at_least", "more than at_most"),
    ("at_most = 500", "at_least = 0", "volume.mails.at_least", "at least 1, not 0"),
    ("at_most = 500", "at_most = 500\nstock = 'nights'", "volume.mails.stock", "so does at_most"),
    ("at_most = 500", "stock = 'rooms'", "volume.mails.stock", "not a declared offer attribute"),
    ("at_most = 500", "stock = 'price'", "volume.mails.stock", "is of type float, and int is needed"),
    ("at_most = 500", "stock = 'nights'\nper = 'theme'", "volume.mails.per", "each offer's own"),
    ("at_most = 500", "at_most = 5\nper = 'nights'", "volume.mails.per", "is of type int, and string is needed"),
    ("at_most = 500", "at_most = 5\nper = 'brnad'", "volume.mails.per", "did you mean 'brand'"),
    ("at_most = 500", "at_most = 5\ntogether = 1", "volume.mails.together", "true or false"),
    ("at_most = 500", "at_most = 5\noffers = 'customer.member'", "volume.mails.offers", "only read the offer"),
    ("at_most = 500", "at_most = 5\noffers = \"offer.theme == 'ski'\"", "volume.mails.offers", "takes none of"),
    ("at_most = 500", "at_most = 5\noffers = 'offer.nights < 9'", "volume.mails.offers", "alba-club, brisa-club, and"),
    ("at_most = 500", "at_most = 5\nmost = 5", "volume.mails.most", "is not a setting here"),
    ('id = "mails"', "", "volume[1].id", "is missing"),
    ('id = "mails"', 'id = "my mails"', "volume.my mails.id", "not a usable id"),
    ('within = "day"', 'within = "week"', "volume.mails.within", "not possible"),
    ('within = "day"', "", "volume.mails.zone", "no day ends"),
    ("Europe/Lisbon", "Europe/Lisboa", "volume.mails.zone", "did you mean 'Europe/Lisbon'"),
    ("Europe/Lisbon", "../etc", "volume.mails.zone", "is not a time zone"),
    ("Europe/Lisbon", "", "volume.mails.zone", "is not a time zone"),
    ('["email", "web"]', "[]", "volume.mails.channels", "name a channel"),
    ('["email", "web"]', '["web", "web"]', "volume.mails.channels", "2 times"),
    ('["email", "web"]', '["app"]', "volume.mails.channels", "never matters"),
    ('["email", "web"]', '["email"]\ntogether = false', "volume.mails.together", "one channel only"),
]


@pytest.mark.parametrize(("old", "new", "key", "sentence"), MISTAKES)
def test_one_mistake_is_one_finding(old: str, new: str, key: str, sentence: str) -> None:
    assert LIMIT.count(old) == 1
    [(found, message)] = findings(LIMIT.replace(old, new))
    assert found == key
    assert re.search(sentence, message)


def test_an_id_may_be_given_once() -> None:
    [(key, message)] = findings(LIMIT + LIMIT)
    assert (key, message) == ("volume[2].id", "'mails' is taken by an earlier entry; give each its own")


def test_stock_below_nothing_names_the_offers() -> None:
    offers = OFFERS.replace("60.0,2,false,sea|view", "60.0,-2,false,sea|view", 1)
    [(key, message)] = findings('[[volume]]\nid = "rooms"\nstock = "nights"\n', offers=offers)
    assert key == "volume.rooms.stock"
    assert message.startswith("is -2 for alba-romantic; ")


@pytest.mark.parametrize(("setting", "name"), [("per", "destination"), ("stock", "nights")])
def test_an_attribute_that_no_covered_offer_has_is_told(setting: str, name: str) -> None:
    most = "at_most = 3\n" if setting == "per" else ""
    club = f'[[volume]]\nid = "club"\n{most}{setting} = "{name}"\noffers = "offer.theme == \'club\'"\n'
    [(key, message)] = findings(club)
    assert (key, message) == (
        f"volume.club.{setting}",
        f"never matters: none of the offers it covers has a value of {name}",
    )
