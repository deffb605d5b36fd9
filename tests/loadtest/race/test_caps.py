"""What the race counts: histories as the service writes them, held against caps window by window."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.race.caps import (
    CHANNELS,
    OFFERS,
    WINDOWS,
    Cap,
    Contact,
    draw_caps,
    is_full,
    offers,
    over,
    read_history,
    tag_of,
    uncounted,
    workspace,
)
from rules.check import check_workspace
from rules.contact import contact_record, decision_tag
from rules.ids import DecisionId, Instant, OfferId

NOW = 1_790_000_000_000


def contact(at: int, offer: str = "spa-1", channel: str = "web", kind: str = "decision", tag: int = 7) -> Contact:
    return Contact(NOW + at, offer, kind, channel, tag)


def cap(at_most: int, within: str = "1s", per: str | None = None, together: bool = True) -> Cap:
    return Cap("cap", "decision", at_most, within, per, ("web", "email"), together)


def test_a_history_reads_as_the_service_writes_it() -> None:
    tag = decision_tag(DecisionId("d"))
    records = [contact_record(Instant(NOW), OfferId(offer), "impression", "app", 3, tag) for offer in OFFERS]
    assert read_history(b"".join(records)) == [Contact(NOW, offer, "impression", "app", tag) for offer in OFFERS]
    assert tag == tag_of("d")


@pytest.mark.parametrize("seed", range(20))
def test_every_draw_of_caps_can_be_published(seed: int) -> None:
    caps = draw_caps(Random(seed))
    checked = check_workspace(workspace(caps).encode(), offers().encode(), "offers.csv")
    assert checked.catalogue is not None, checked.findings
    assert [entry.id for entry in checked.catalogue.workspace.contact_policy] == [each.id for each in caps]


def test_a_window_reaches_back_to_but_not_on_its_own_length() -> None:
    assert over(cap(1), [contact(0), contact(1_000)]) == 0
    assert over(cap(1), [contact(999), contact(0)]) == 1
    assert is_full(cap(2), [contact(0), contact(999)])
    assert not is_full(cap(2), [contact(0), contact(1_000)])


def test_values_and_channels_count_as_the_cap_says() -> None:
    history = [contact(0), contact(1, "spa-2", "email"), contact(2, channel="app"), contact(3, kind="impression")]
    assert over(cap(1), history) == 1
    assert over(cap(1, per="theme"), history) == 1
    assert over(cap(1, per="id"), history) == 0
    assert over(cap(1, together=False), history) == 0


def test_what_was_shown_and_is_in_no_contact_is_told() -> None:
    history = [contact(0, tag=tag_of("d")), contact(0, "golf-0", tag=tag_of("d"), kind="impression")]
    assert uncounted([("d", "spa-1")], history) == 0
    assert uncounted([("d", "spa-1"), ("d", "golf-0"), ("e", "spa-1")], history) == 2


@given(
    st.lists(
        st.builds(contact, st.integers(0, 5_000), st.sampled_from([*OFFERS]), st.sampled_from(CHANNELS)), max_size=12
    ),
    st.builds(cap, st.integers(1, 3), st.sampled_from(["1s", "3s"]), st.sampled_from([None, "id", "theme"])),
)
def test_the_fullest_window_is_found(history: list[Contact], cap: Cap) -> None:
    def value(each: Contact) -> str:
        return {"id": each.offer, "theme": OFFERS[each.offer], None: ""}[cap.per]

    most: dict[str, int] = {}
    counted = [each for each in history if each.channel in cap.channels]
    for last in counted:
        within = [each for each in counted if last.at - WINDOWS[cap.within] < each.at <= last.at]
        same = [each for each in within if value(each) == value(last)]
        most[value(last)] = max(most.get(value(last), 0), len(same))
    assert over(cap, history) == sum(max(each - cap.at_most, 0) for each in most.values())
