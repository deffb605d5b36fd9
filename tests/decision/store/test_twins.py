"""One suite that every twin of the store passes: in memory, one Valkey, a cluster."""

import asyncio
from collections import Counter

import pytest

from decision.store.memory import MemoryStore
from decision.store.port import START, Append, Entry, Position, Put, Store, Write, position_key


@pytest.fixture(params=["memory", "valkey", "cluster"])
def store(request: pytest.FixtureRequest) -> Store:
    if request.param == "memory":
        return MemoryStore()
    found: Store = request.getfixturevalue(f"{request.param}_store")
    return found


async def test_gives_values_in_the_order_asked_and_none_for_absent_ones(store: Store) -> None:
    await asyncio.gather(*(store.put(f"k{n}", b"%d" % n) for n in range(40)))
    asked = ["k3", "absent", "k1", "k3"]
    assert await store.get_many(asked) == [b"3", None, b"1", b"3"]
    assert await store.get_many([]) == []
    answers = await asyncio.gather(*(store.get_many([f"k{n}", "absent"]) for n in range(40)))
    assert answers == [[b"%d" % n, None] for n in range(40)]


async def test_keeps_any_bytes(store: Store) -> None:
    value = bytes(range(256)) * 1000
    await store.put("k", value)
    await store.put("empty", b"")
    assert await store.get_many(["k", "empty"]) == [value, b""]


async def test_puts_only_where_nothing_is(store: Store) -> None:
    assert await store.put_if_absent("k", b"1")
    assert not await store.put_if_absent("k", b"2")
    assert await store.get_many(["k"]) == [b"1"]


async def test_compares_before_it_puts(store: Store) -> None:
    assert not await store.compare_and_put("k", b"x", b"y")
    assert await store.compare_and_put("k", None, b"1")
    assert not await store.compare_and_put("k", None, b"2")
    assert not await store.compare_and_put("k", b"", b"2")
    assert await store.compare_and_put("k", b"1", b"2")
    assert await store.get_many(["k"]) == [b"2"]
    assert await store.compare_and_put("k", b"2", None)
    assert await store.get_many(["k"]) == [None]
    assert await store.compare_and_put("k", None, b"")
    assert not await store.compare_and_put("k", None, b"1")
    assert await store.compare_and_put("k", b"", b"1")


async def test_sets_marks_with_the_value_and_only_once(store: Store) -> None:
    marks = [("{k}:a", 100), ("{k}:b", 100)]
    assert not await store.compare_and_put("{k}", b"other", b"1", marks=marks)
    assert await store.get_many(["{k}", "{k}:a"]) == [None, None]
    assert await store.compare_and_put("{k}", None, b"1", marks=marks)
    assert all(mark is not None for mark in await store.get_many(["{k}:a", "{k}:b"]))
    assert not await store.compare_and_put("{k}", b"1", b"2", marks=[("{k}:c", 100), ("{k}:b", 100)])
    assert await store.get_many(["{k}", "{k}:c"]) == [b"1", None]


async def test_values_live_as_long_as_they_are_told(store: Store) -> None:
    await store.put("short", b"1", ttl=1)
    await store.put("made lasting", b"1", ttl=1)
    await store.put("made lasting", b"2")
    await store.put("shortened", b"1", ttl=50)
    await store.compare_and_put("shortened", b"1", b"2", ttl=1)
    await store.put("endless", b"1")
    assert await store.compare_and_put("endless", b"1", b"2", ttl=1)
    assert await store.append("endless", b"3", ttl=1) == 2
    await store.append_once("{e}", b"1", Put("{e}:a", b"1"))
    assert await store.append_once("{e}", b"2", Put("{e}:b", b"1"), ttl=1) == 2
    await store.compare_and_put("{m}", None, b"2", marks=[("{m}:mark", 1)])
    await store.append("grown", b"1", ttl=1)
    await store.append("grown, then lasting", b"1", ttl=1)
    await store.append("grown, then lasting", b"1", ttl=100)
    await asyncio.sleep(1.05)
    gone = ["short", "shortened", "{m}:mark", "grown"]
    there = ["made lasting", "{m}", "grown, then lasting", "endless", "{e}"]
    assert await store.get_many(gone + there) == [None] * 4 + [b"2", b"2", b"11", b"23", b"12"]
    assert await store.put_if_absent("short", b"1")


async def test_appends_and_says_how_long_the_string_became(store: Store) -> None:
    assert await store.append("k", b"ab") == 2
    assert await store.append("k", b"cd", expected_length=2) == 4
    assert await store.append("k", b"ef", expected_length=2) is None
    assert await store.append("new", b"gh", expected_length=0, ttl=50) == 2
    assert await store.append("new", b"ij", ttl=50) == 4
    assert await store.get_many(["k", "new"]) == [b"abcd", b"ghij"]


async def test_a_string_that_grew_again_is_not_the_one_that_was_expected(store: Store) -> None:
    await store.put("{k}", b"abcd")
    assert await store.append("{k}", b"ef", 4, expected_end=b"bd") is None
    assert await store.append_once("{k}", b"ef", Put("{k}:r", b"1"), 4, expected_end=b"bd") is None
    assert await store.append_once("{k}", b"", Put("{k}:r", b"1"), 4, expected_end=b"bd") is None
    assert await store.append("{k}", b"ef", 4, expected_end=b"cd") == 6
    assert await store.append_once("{k}", b"gh", Put("{k}:r", b"1"), 6, 50, b"ef") == 8
    assert await store.append("{k}", b"ij", 8, expected_end=b"abcdefghij") is None
    assert await store.get_many(["{k}", "{k}:r"]) == [b"abcdefgh", b"1"]


async def test_swaps_a_value_and_appends_in_one_step(store: Store) -> None:
    for_ever, for_a_second = Append("{k}:text", b"cd"), Append("{k}:text", b"ef", 1)
    await store.put("{k}:text", b"ab", 1)
    await store.put("{k}:more", b"1", 1)
    also = ["{k}:more", "{k}:missing"]
    assert not await store.swap("{k}", b"1", b"2", for_ever, also)
    assert await store.swap("{k}", None, b"1", for_ever, also)
    assert not await store.swap("{k}", None, b"2", for_ever, also)
    await asyncio.sleep(1.05)
    keys = ["{k}", "{k}:text", "{k}:more", "{k}:missing"]
    assert await store.get_many(keys) == [b"1", b"abcd", b"1", None]
    assert await store.swap("{k}", b"1", None, for_a_second, also)
    assert await store.get_many(keys) == [None, b"abcdef", b"1", None]
    await asyncio.sleep(1.05)
    assert await store.get_many(keys) == [None] * 4
    assert await store.swap("{k}", None, b"3", for_a_second, also)
    assert await store.get_many(keys) == [b"3", b"ef", None, None]


async def test_appends_once_for_each_receipt(store: Store) -> None:
    receipt = Put("{k}:receipt", b"one", 50)
    assert await store.append_once("{k}", b"ab", receipt, expected_length=2) is None
    assert await store.get_many(["{k}", "{k}:receipt"]) == [None, None]
    assert await store.append_once("{k}", b"ab", receipt, expected_length=0, ttl=50) == 2
    assert await store.append_once("{k}", b"cd", Put("{k}:receipt", b"two"), expected_length=9) == b"one"
    assert await store.append_once("{k}", b"cd", Put("{k}:other", b"\x00")) == 4
    assert await store.get_many(["{k}", "{k}:receipt", "{k}:other"]) == [b"abcd", b"one", b"\x00"]


async def test_appends_with_an_entry_and_a_value_or_not_at_all(store: Store) -> None:
    entry, put = Entry("log", b"1"), Put("{other}", b"2", 1)
    assert await store.append_with("{k}", b"ab", entry, put, 0, ttl=50) == 2
    assert await store.append_with("{k}", b"cd", entry, put, 2, expected_end=b"ab") == 4
    assert await store.append_with("{k}", b"ef", Entry("log", b"3"), Put("{other}", b"4"), 2) is None
    wrong_end = await store.append_with("{k}", b"ef", Entry("log", b"3"), Put("{other}", b"4"), 4, expected_end=b"cb")
    assert wrong_end is None
    assert await store.get_many(["{k}", "{other}"]) == [b"abcd", b"2"]
    assert [entry for _, entry in await store.read_log("log", START, 10)] == [b"1", b"1"]
    assert await store.append_with("{m}", b"ab", entry, Put("{lasting}", b"5"), 0, ttl=1) == 2
    await asyncio.sleep(1.05)
    assert await store.get_many(["{k}", "{m}", "{other}", "{lasting}"]) == [b"abcd", None, None, b"5"]


async def test_of_many_appends_each_is_done_where_its_string_is_as_expected(store: Store) -> None:
    assert await store.append("{a}", b"ab") == 2
    appends = [
        Append("{a}", b"cd", 50, 2, b"ab"),
        Append("{a}", b"ef", None, 2),
        Append("{a}", b"ef", None, 4, b"xd"),
        Append("{b}", b"gh", 50, 0),
        Append("{c}", b"ij"),
    ]
    assert await store.write(appends) == [4, None, None, 2, 2]
    assert await store.get_many(["{a}", "{b}", "{c}"]) == [b"abcd", b"gh", b"ij"]


async def test_of_many_who_append_with_an_entry_one_does(store: Store) -> None:
    entries = [Entry("log", b"%d" % n) for n in range(20)]
    lengths = await asyncio.gather(
        *(store.append_with("{k}", b"xy", entry, Put("{o}", entry.entry), 0) for entry in entries)
    )
    assert Counter(lengths) == {None: 19, 2: 1}
    assert [entry for _, entry in await store.read_log("log", START, 100)] == await store.get_many(["{o}"])


async def test_a_receipt_for_nothing_makes_no_string(store: Store) -> None:
    assert await store.append_once("{n}", b"", Put("{n}:a", b"1"), expected_length=1) is None
    assert await store.append_once("{n}", b"", Put("{n}:a", b"1", 1), expected_length=0) == 0
    assert await store.append_once("{n}", b"", Put("{n}:b", b"2")) == 0
    assert await store.get_many(["{n}", "{n}:a", "{n}:b"]) == [None, b"1", b"2"]
    await asyncio.sleep(1.05)
    assert await store.append_once("{n}", b"x", Put("{n}:a", b"3")) == 1


async def test_of_many_with_one_receipt_one_appends(store: Store) -> None:
    results = await asyncio.gather(*(store.append_once("{k}", b"xy", Put("{k}:r", b"%d" % n)) for n in range(20)))
    assert Counter(type(result) for result in results) == {bytes: 19, int: 1}
    assert await store.get_many(["{k}"]) == [b"xy"]


async def test_finds_all_keys_that_begin_so(store: Store) -> None:
    names = [f"p:{{c:{n}}}" for n in range(2_500)]
    await asyncio.gather(*(store.put(name, b"1") for name in [*names, "p:{v:1}", "q:{c:1}", "p[:1", "p*"]))
    found = {key async for page in store.keys("p:{c:") for key in page}
    assert found == set(names)
    assert {key async for page in store.keys("p[") for key in page} == {"p[:1"}
    assert [key async for page in store.keys("none") for key in page] == []


async def test_does_several_writes_together(store: Store) -> None:
    await store.put("text", b"ab")
    writes: list[Write] = [
        Entry("log", b"1"),
        Put("k", b"2"),
        Append("text", b"cd"),
        Append("{n}", b"3", ttl=50),
        Put("gone", b"4", 1),
    ]
    assert await store.write(writes) == [None, None, 4, 1, None]
    assert await store.write([]) == []
    assert [entry for _, entry in await store.read_log("log", START, 10)] == [b"1"]
    assert await store.get_many(["k", "text", "{n}", "gone"]) == [b"2", b"abcd", b"3", b"4"]
    await asyncio.sleep(1.05)
    assert await store.get_many(["k", "gone"]) == [b"2", None]


async def test_of_many_who_expect_one_length_one_appends(store: Store) -> None:
    lengths = await asyncio.gather(*(store.append("k", b"xy", expected_length=0) for _ in range(20)))
    assert Counter(lengths) == {None: 19, 2: 1}


async def test_of_many_who_expect_one_value_one_puts(store: Store) -> None:
    done = await asyncio.gather(*(store.compare_and_put("k", None, b"%d" % n) for n in range(20)))
    assert Counter(done) == {False: 19, True: 1}
    assert await store.get_many(["k"]) == [b"%d" % done.index(True)]


async def test_deletes_and_counts_what_was_there(store: Store) -> None:
    await store.put("a", b"1")
    await store.put("b", b"1")
    await store.add_members("set", ["x"])
    assert await store.delete(["a", "b", "set", "absent"]) == 3
    assert await store.delete(["a"]) == 0
    assert await store.members("set") == set()


async def test_keeps_sets(store: Store) -> None:
    await store.add_members("s", ["a", "é"])
    await store.add_members("s", ["a", "c"])
    await store.add_members("s", [])
    await store.remove_members("s", ["c", "absent"])
    assert await store.members("s") == {"a", "é"}
    assert await store.members("absent") == set()


async def test_logs_are_read_in_order_from_any_position(store: Store) -> None:
    assert await store.read_log("log", START, 10) == []
    assert await store.log_length("log") == 0
    positions = [await store.add_to_log("log", b"%d" % n) for n in range(10)]
    assert sorted(positions, key=position_key) == positions
    assert len(set(positions)) == 10
    everything = [(position, b"%d" % n) for n, position in enumerate(positions)]
    assert await store.read_log("log", START, 100) == everything
    assert await store.read_log("log", positions[3], 4) == everything[4:8]
    assert await store.read_log("log", positions[-1], 4) == []
    between = Position(f"{position_key(positions[0])[0] - 1}-0")
    assert await store.read_log("log", between, 1) == everything[:1]


async def test_logs_are_trimmed_and_positions_go_on(store: Store) -> None:
    positions = [await store.add_to_log("log", b"%d" % n) for n in range(6)]
    await store.trim_log("log", positions[2])
    await store.trim_log("log", positions[1])
    assert await store.log_length("log") == 3
    assert await store.read_log("log", START, 100) == [(positions[n], b"%d" % n) for n in (3, 4, 5)]
    await store.trim_log("log", positions[-1])
    assert await store.log_length("log") == 0
    await store.trim_log("absent", positions[-1])
    following = await store.add_to_log("log", b"next")
    assert position_key(following) > position_key(positions[-1])
    assert await store.read_log("log", positions[-1], 5) == [(following, b"next")]


async def test_concurrent_log_entries_all_get_places_of_their_own(store: Store) -> None:
    entries = [b"%d" % n for n in range(1200)]
    positions = await asyncio.gather(*(store.add_to_log("log", entry) for entry in entries))
    read = await store.read_log("log", START, 2000)
    assert dict(read) == dict(zip(positions, entries, strict=True))
    assert len(read) == 1200


async def test_a_caller_who_gives_up_does_not_disturb_the_others(store: Store) -> None:
    tasks = [asyncio.ensure_future(store.add_to_log("log", b"%d" % n)) for n in range(10)]
    await asyncio.sleep(0)
    tasks[4].cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [n for n, result in enumerate(results) if isinstance(result, asyncio.CancelledError)] in ([4], [])
    assert await store.get_many(["absent"]) == [None]


async def test_answers_a_ping(store: Store) -> None:
    await store.ping()
