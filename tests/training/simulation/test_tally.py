"""Counting by groups of customers: chunk by chunk, and the chunks added up."""

from rules.ids import OfferId
from training.simulation.tally import MOST_VALUES, Tally

SHOWN = ((OfferId("a"),), ())


def counted(names: range) -> Tally:
    tally = Tally()
    for number in names:
        tally.group("web", {"name": f"guest {number}", "member": number % 2 == 0}, SHOWN)
    return tally


def test_what_tells_persons_apart_is_not_kept() -> None:
    tally = counted(range(10 * MOST_VALUES))
    assert {attribute for _, attribute, _ in tally.asked} == {"member"}
    assert {attribute for _, attribute, _, _ in tally.reached} == {"member"}
    assert tally.values == {"member": {"true", "false"}}
    assert tally.reached["web", "member", "true", 0] == 5 * MOST_VALUES


def test_chunks_add_up_to_what_one_would_have_counted() -> None:
    half = MOST_VALUES // 2 + 1
    for parts in (
        [range(half), range(half, 2 * half)],
        [range(MOST_VALUES + 1), range(3)],
        [range(3), range(MOST_VALUES + 1)],
        [range(half), range(half)],
    ):
        whole, added = Tally(), Tally()
        for part in parts:
            added.add(counted(part))
            for number in part:
                whole.group("web", {"name": f"guest {number}", "member": number % 2 == 0}, SHOWN)
        assert (added.asked, added.reached, added.telling) == (whole.asked, whole.reached, whole.telling)
        # A chunk after the one that was dropped is dropped, too.
        added.add(counted(range(1)))
        assert ("web", "name", "guest 0") not in added.asked or "name" not in added.telling
