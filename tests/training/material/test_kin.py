"""Who is whom: customers and cookies that were seen with each other."""

import duckdb
import numpy as np

from training.material.kin import as_persons, kin, kin_of, register_kin


def test_whoever_shares_a_cookie_is_one_person() -> None:
    found = kin([("ann", "1"), ("bob", "2"), ("ann", "3"), ("cid", "3")])
    assert {name for name, person in found.items() if person == found["c:ann"]} == {"c:ann", "c:cid", "v:1", "v:3"}
    assert found["c:bob"] == found["v:2"] != found["c:ann"]
    names = np.array(["v:3", "c:bob", "v:unseen", "c:cid"])
    assert as_persons(names, found).tolist() == [found["c:ann"], found["c:bob"], "v:unseen", found["c:ann"]]
    assert found == kin([("cid", "3"), ("bob", "2"), ("ann", "3"), ("ann", "1")])


def test_a_device_that_everybody_uses_makes_nobody_kin() -> None:
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE journal (record VARCHAR, customer VARCHAR, visitor VARCHAR)")
        rows = [("decision", f"guest-{number}", "kiosk") for number in range(4)]
        rows += [("outcome", f"child-{number}", "family") for number in range(3)]
        rows += [("event", "ann", "elsewhere"), ("decision", "ann", "phone"), ("profile", "ann", "tablet")]
        connection.executemany("INSERT INTO journal VALUES (?, ?, ?)", rows)
        found = kin_of(connection)
        assert len({found[f"c:child-{number}"] for number in range(3)}) == 1
        assert found["v:phone"] == found["v:tablet"] == found["c:ann"]
        assert not {"v:kiosk", "c:guest-0", "v:elsewhere"} & found.keys()
        register_kin(connection, found)
        assert connection.execute("SELECT person FROM kin WHERE name = 'v:phone'").fetchall() == [(found["c:ann"],)]
        register_kin(connection, {})
        assert connection.execute("SELECT count(*) FROM kin").fetchall() == [(0,)]
