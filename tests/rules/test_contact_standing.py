import pytest

from rules.contact_standing import Standing
from rules.ids import Instant, PolicyId
from rules.instant import parse_instant
from rules.workspace import ContactPolicy

UNTIL, BEFORE = parse_instant("2027-03-14T09:30:00.5Z"), parse_instant("2027-01-03T10:00:00Z")


def entry(count: str = "decision", unless: tuple[str, ...] = ("click",), rest: str | None = "60d") -> ContactPolicy:
    return ContactPolicy(PolicyId("p"), count, 3, "365d", "theme", unless=unless, rest=rest)


@pytest.mark.parametrize(
    ("standing", "policy", "sentence"),
    [
        (Standing(3, UNTIL), entry(), "spa: 3 sends, no response, rests until 14 March 2027 09:30 UTC"),
        (Standing(1), entry(), "spa: 1 of 3 sends within 365d, no response"),
        (
            Standing(3, UNTIL, BEFORE),
            entry(),
            "spa: 3 sends, no response since 3 January 2027 10:00 UTC, rests until 14 March 2027 09:30 UTC",
        ),
        (Standing(3, UNTIL), entry("decline", ()), "spa: 3 declines, rests until 14 March 2027 09:30 UTC"),
        (Standing(0), entry("decline", ()), "spa: 0 of 3 declines within 365d"),
        (
            Standing(3, pending=2),
            entry("impression", ("click",), None),
            "spa: 3 of 3 impressions within 365d, 2 of them pending, no response",
        ),
        (
            Standing(4, UNTIL, None, 1),
            entry("impression", ()),
            "spa: 3 impressions, rests until 14 March 2027 09:30 UTC",
        ),
        (Standing(4), entry(rest=None), "spa: 4 of 3 sends within 365d, no response"),
        (Standing(1, UNTIL), entry(unless=()), "spa: 1 send, rests until 14 March 2027 09:30 UTC"),
    ],
)
def test_a_standing_is_told_in_one_line(standing: Standing, policy: ContactPolicy, sentence: str) -> None:
    assert standing.tell(policy, "spa") == sentence


def test_only_what_an_entry_knows_is_read() -> None:
    plain = {"count": 2, "at_most": 3, "within": "365d"}
    impressions = {"count": 3, "at_most": 3, "within": "365d", "pending": 2}
    unknown = {"count": None, "at_most": 3, "within": "365d", "pending": None}
    assert Standing.unread(entry("impression", (), None)) == unknown
    assert Standing(3, pending=2).read(entry("impression", (), None)) == impressions
    assert Standing(2).read(entry(unless=(), rest=None)) == plain
    assert Standing(2).read(entry()) == plain | {"rests_until": None, "last_response": None}
    moments = {"rests_until": "2027-03-14T09:30:00.500Z", "last_response": "2027-01-03T10:00:00Z"}
    assert Standing(2, UNTIL, Instant(BEFORE)).read(entry()) == plain | moments
