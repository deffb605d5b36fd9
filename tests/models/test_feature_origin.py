import pytest

from models.feature_origin import Origin, origin_of

LOOKED_UP = "offer.theme in affinity.theme ? affinity.theme[offer.theme] : 0.0"
COUNTED = "offer.theme in contacts.theme_shown ? contacts.theme_shown[offer.theme] : 0"


@pytest.mark.parametrize(
    ("source", "origin"),
    [
        ("offer.price", Origin("offer", "", "price")),
        ("customer.tier", Origin("customer", "tier")),
        ("activity.stays.recency", Origin("activity", "stays.recency")),
        ("channel", Origin("channel")),
        ("now.getHours()", Origin("now", "", "", "other")),
        (LOOKED_UP, Origin("affinity", "theme", "theme", "lookup")),
        (COUNTED, Origin("contacts", "theme_shown", "theme", "lookup")),
        ("trait.preferred_brand == offer.brand", Origin("trait", "preferred_brand", "brand", "equal")),
        ("offer.rate / customer.usual_rate", Origin("customer", "usual_rate", "rate", "other")),
        ("has(customer.country)", Origin("customer", "country", "", "other")),
        ("'offer.theme' == context.device", Origin("context", "device", "", "other")),
        ("offer.price > 100.0 && offer.nights == 2", Origin("offer", "", "price", "other")),
    ],
)
def test_a_source_tells_its_family_and_what_it_reads(source: str, origin: Origin) -> None:
    assert origin_of("any", source) == origin


def test_what_says_something_of_the_request_alone() -> None:
    sources = ["customer.tier", "now.getHours()", "offer.price", LOOKED_UP]
    assert [origin_of("any", source).of_request for source in sources] == [True, True, False, False]
    assert origin_of("position", "") == Origin("position")
    assert not origin_of("position", "").of_request


@pytest.mark.parametrize(
    ("source", "value", "of", "words"),
    [
        ("offer.theme", "spa", "spa", "theme spa"),
        ("offer.price", 129.5, "129.5", "price 129.5"),
        ("customer.tier", "gold", None, "customer tier gold"),
        ("customer.tier", None, None, "customer tier unknown"),
        ("activity.stays.frequency", 3.0, None, "activity stays frequency 3"),
        ("channel", "web", None, "channel web"),
        ("now.getHours()", 22.0, None, "the name 22"),
        (LOOKED_UP, 2.4, "spa", "interest in spa"),
        (LOOKED_UP, 0.0, "spa", "no interest in spa yet"),
        (COUNTED, 2.0, "spa", "contacts theme shown of spa 2"),
        ("trait.preferred_brand == offer.brand", 1.0, "Alba", "preferred brand is Alba"),
        ("trait.preferred_brand == offer.brand", 0.0, "Alba", "preferred brand is not Alba"),
        ("trait.preferred_brand == offer.brand", None, "Alba", "preferred brand unknown"),
        ("offer.rate / customer.usual_rate", 1.25, "90", "the name 1.25"),
    ],
)
def test_a_value_is_told_in_plain_words(source: str, value: float | str | None, of: str | None, words: str) -> None:
    assert origin_of("any", source).tell("the_name", value, of) == words


def test_the_rank_is_told_as_what_is_predicted_for() -> None:
    assert origin_of("position", "").tell("position", None, None) == "standing first"
