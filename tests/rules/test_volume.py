from collections import Counter
from typing import Literal

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rules.column import make_column
from rules.ids import OfferId, VolumeId
from rules.offer import OfferTable
from rules.volume import VolumeBook
from rules.workspace import CHANNELS, Channel, VolumeLimit

OFFER = st.tuples(
    st.sampled_from([None, "red", "blue"]), st.sampled_from([None, 0, 3, 7]), st.booleans(), st.booleans()
)
LIMIT = st.tuples(
    st.sampled_from([None, "id", "colour", "stock"]),
    st.sampled_from([None, 1, 5]),
    st.lists(st.sampled_from(CHANNELS), min_size=1, unique=True),
    st.booleans(),
    st.booleans(),
)
Counting = tuple[Literal["id", "colour", "stock"] | None, int | None, list[Channel], bool, bool]
Colours = tuple[str | None, int | None, bool, bool]


@given(rows=st.lists(OFFER, min_size=1, max_size=8), countings=st.lists(LIMIT, max_size=3), data=st.data())
def test_every_offer_counts_towards_what_its_limits_say(
    rows: list[Colours], countings: list[Counting], data: st.DataObject
) -> None:
    ids = tuple(OfferId(f"o{number}") for number in range(len(rows)))
    offers = OfferTable(
        ids,
        {
            "id": make_column("string", list(ids)),
            "colour": make_column("string", [row[0] for row in rows]),
            "stock": make_column("int", [row[1] for row in rows]),
        },
        tuple({} for _ in rows),
    )
    limits = [
        VolumeLimit(
            VolumeId(f"l{number}"),
            per=None if per == "stock" else per,
            stock="stock" if per == "stock" else None,
            at_most=None if per == "stock" else most,
            at_least=1,
            channels=tuple(channels),
            together=together,
        )
        for number, (per, most, channels, together, _) in enumerate(countings)
    ]
    covered = [np.array([row[2 + second] for row in rows]) for *_, second in countings]
    book = VolumeBook.of(limits, covered, offers)
    channel = data.draw(st.sampled_from(CHANNELS))
    candidates = np.array(data.draw(st.lists(st.sampled_from(range(len(rows))), unique=True)), np.intp)
    bound = book.on(channel, candidates)
    slate = data.draw(st.lists(st.sampled_from(range(len(candidates))), unique=True)) if len(candidates) else []

    wanted: Counter[tuple[str, Channel | None, str | None, int | None]] = Counter()
    for limit, taken in zip(limits, covered, strict=True):
        for candidate in slate:
            row = int(candidates[candidate])
            colour, stock, *_ = rows[row]
            lacks = (limit.stock is not None and stock is None) or (limit.per == "colour" and colour is None)
            if channel not in limit.channels or not taken[row] or lacks:
                continue
            value = {"id": ids[row], "colour": colour, None: None}[limit.counted_by]
            most = limit.at_most if limit.stock is None else stock
            wanted[limit.id, None if limit.together else channel, value, most] += 1
    told = {
        (place.limit.id, place.channel, place.value, place.most): times
        for number, times in bound.units(slate).items()
        if (place := book.places[number])
    }
    assert told == {key: times for key, times in wanted.items() if key[3] is not None}
    everything = [number for number in bound.codes[:, slate].ravel().tolist() if number >= 0]
    assert len(everything) == sum(wanted.values())
    names = [(place.limit.id, place.channel, place.value) for place in book.places]
    assert len(set(names)) == len(names)
    for row, (first, width) in enumerate(zip(bound.first, bound.width, strict=True)):
        counted = bound.codes[row][bound.codes[row] >= 0]
        assert ((first <= counted) & (counted < first + width)).all()
        assert all(bound.row_of(number) == row for number in counted.tolist())


def test_places_stand_limit_by_limit_channel_by_channel_and_value_by_value() -> None:
    ids = (OfferId("b"), OfferId("a"))
    offers = OfferTable(ids, {"id": make_column("string", list(ids))}, ({}, {}))
    limits = [
        VolumeLimit(VolumeId("each"), per="id", at_most=3, channels=("web", "email"), together=False),
        VolumeLimit(VolumeId("all"), at_most=9),
    ]
    book = VolumeBook.of(limits, [np.ones(2, np.bool_)] * 2, offers)
    assert [(place.limit.id, place.channel, place.value, place.most, place.name) for place in book.places] == [
        ("each", "web", "a", 3, "a"),
        ("each", "web", "b", 3, "b"),
        ("each", "email", "a", 3, "a"),
        ("each", "email", "b", 3, "b"),
        ("all", None, None, 9, "all"),
    ]
    assert book.on("email", np.arange(2)).codes.tolist() == [[3, 2], [4, 4]]
