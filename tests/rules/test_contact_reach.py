from rules.contact import contact_record, read_contacts
from rules.contact_reach import Look, looks_of, needed
from rules.ids import Duration, Instant, OfferId, PolicyId
from rules.workspace import CHANNELS, Attributes, Channel, ContactPolicy, Counter, Workspace

HOUR = 3_600_000
NOW = Instant(10**12)


def test_what_is_looked_back_on_is_what_counters_and_entries_count() -> None:
    workspace = Workspace(
        "w",
        Attributes(),
        {},
        {},
        counters={"seen": Counter("impression", "2h", channels=("web",))},
        contact_policy=(
            ContactPolicy(PolicyId("a"), "booking", 1, "3h"),
            ContactPolicy(PolicyId("b"), "decision", 3, "5h", channels=("email",), unless=("click",), rest="1h"),
            ContactPolicy(PolicyId("c"), "impression", 1, "3h", channels=("email",), pending="2h"),
            ContactPolicy(PolicyId("d"), "impression", 1, "3h", channels=("app",), pending="7h"),
        ),
    )
    assert looks_of(workspace) == (
        Look("impression", ("web",), Duration(2 * HOUR)),
        Look("booking", CHANNELS, Duration(3 * HOUR)),
        Look("decision", ("email",), Duration(12 * HOUR)),
        Look("click", CHANNELS, Duration(12 * HOUR)),
        # Of a decision whose impression is pending, and of an impression that says it is not.
        Look("impression", ("email",), Duration(3 * HOUR)),
        Look("decision", ("email",), Duration(2 * HOUR)),
        Look("impression", ("app",), Duration(7 * HOUR)),
        Look("decision", ("app",), Duration(7 * HOUR)),
    )


def test_a_contact_is_needed_while_some_look_reaches_it() -> None:
    def kept(kind: str, channel: Channel, hours: float) -> bool:
        record = contact_record(Instant(NOW - int(hours * HOUR)), OfferId("a"), kind, channel, 1)
        looks = [Look("decision", ("email",), Duration(2 * HOUR)), Look("decision", ("email", "app"), Duration(HOUR))]
        return bool(needed(read_contacts(record), looks, NOW)[0])

    assert kept("decision", "email", 1.9)
    assert not kept("decision", "email", 2)
    assert not kept("decision", "app", 1.9)
    assert kept("decision", "app", 0.9)
    assert not kept("click", "email", 0)
    assert kept("decision", "email", -1)
