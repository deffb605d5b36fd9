"""Volume limits where decisions get in each other's way: each leaves out what it has to, and nothing else."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from decision.composition import compose
from decision.keys import customer_subject, volume_key
from decision.settings import Settings
from decision.store.memory import MemoryStore
from decision.store.port import Held, Hold, Settle
from rules.ids import CustomerId, VolumeId
from tests.decision.service.test_volumes import CountedStore, decide, explained, offers, taken, worker
from tests.decision.small_workspace import FOLDER


@pytest.fixture
def store() -> CountedStore:
    return CountedStore()


async def test_who_waits_for_the_others_of_a_customer_in_vain_gets_nothing_that_is_limited(
    tmp_path: Path, store: CountedStore
) -> None:
    """The contact policy does not count all offers, so who has no turn is still shown some: only those."""
    service = compose(store, Settings(data=str(tmp_path), deadline_ms=50), lambda: store.now)
    toml, workbook = (FOLDER / "concierge.toml").read_text(), (FOLDER / "offers.csv").read_bytes()
    # Clubs have no destination.
    policy = '[[contact_policy]]\nid = "one"\ncount = "decision"\nper = "destination"\nat_most = 1\nwithin = "1d"\n'
    limit = "[[volume]]\nid = 'joined'\noffers = 'offer.id == \"alba-club\"'\nat_most = 1\n"
    toml = toml[: toml.index("[[contact_policy]]")] + policy + limit
    await service.publishing.publish_workspace(toml.encode(), workbook, "offers.csv")
    await service.refresher.refresh()
    turn = service.deciding._turns.of(customer_subject(CustomerId("ann")))
    assert turn.take_if_free()
    answer = await decide(service)
    turn.give()
    assert offers(answer) == ["brisa-club"]
    assert answer.degraded == ("contention", "history", "profile", "volume")
    assert (store.holds, await taken(store, None, "joined")) == (0, (0, 0))
    told = await explained(service, answer.decision, "alba-club")
    assert told.sentence == "joined: no unit could be reserved by the volume limit joined."


async def test_units_that_come_and_go_cost_a_slate_only_these(
    tmp_path: Path, store: CountedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others take the last unit of one offer, whenever it is asked for, and let go of it; nobody remembers it."""
    monkeypatch.setattr("decision.service.shortage.KNOWN_MILLISECONDS", 0)
    service = await worker(tmp_path, store)
    counter = volume_key(VolumeId("rooms"), None, "corte-family", "total")
    hold = store.hold

    async def overtaken(holds: Sequence[Hold]) -> list[Held]:
        others = Hold(counter, "others", 3, 3, None)
        await hold([others])
        held = await hold(holds)
        await MemoryStore.write(store, [Settle(counter, "others", 0)])
        return held

    store.hold = overtaken  # type: ignore[method-assign]
    answer = await decide(service)
    assert answer.degraded == ()
    assert "alba-family" in offers(answer)
    assert "corte-family" not in offers(answer)
    assert await taken(store, "alba-family") == (1, 0)
