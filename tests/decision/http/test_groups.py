"""`/v1/groups`, and what follows a decision that showed nothing."""

import pytest
from httpx import AsyncClient
from litestar import Litestar

from decision.composition import compose
from decision.http.app import attach
from decision.journal.record import OutcomeRecord, decode_record
from decision.keys import JOURNAL
from decision.settings import Settings
from decision.store.memory import MemoryStore
from decision.store.port import START
from tests.decision.http.conftest import WORKSPACE, Caller, HandClock

HOLDOUT = b'[holdout]\nshare = 0.5\nplacements = ["home"]\n'


@pytest.fixture
async def divided(
    client: AsyncClient, app: Litestar, store: MemoryStore, settings: Settings, clock: HandClock
) -> AsyncClient:
    """A client of the service with a holdout."""
    service = compose(store, settings, clock)
    toml, offers = (WORKSPACE / "concierge.toml").read_bytes(), (WORKSPACE / "offers.csv").read_bytes()
    await service.publishing.publish_workspace(toml + HOLDOUT, offers, "offers.csv")
    await service.refresher.refresh()
    attach(app, service)
    return client


async def held_out(client: AsyncClient) -> str:
    for number in range(50):
        groups = (await client.get("/v1/groups", params={"customer": f"c{number}"})).json()["groups"]
        if groups["home"] == "holdout":
            return f"c{number}"
    raise AssertionError("nobody of fifty is held out")


async def test_the_groups_are_those_that_decisions_have(divided: AsyncClient) -> None:
    found = set()
    for number in range(20):
        who = {"customer": f"c{number}"}
        answer = (await divided.get("/v1/groups", params=who)).json()
        assert answer["groups"]["call"] == answer["groups"]["mail"] == "champion"
        decision = (await divided.post("/v1/decisions", json={"placement": "home", **who})).json()
        assert decision["group"] == answer["groups"]["home"]
        assert (decision["offers"] == []) == (decision["group"] == "holdout")
        found.add(decision["group"])
    assert found == {"champion", "holdout"}


async def test_a_linked_visitor_has_the_groups_of_the_customer(divided: AsyncClient) -> None:
    held = await held_out(divided)
    link = {"visitor": "v1", "customer": held, "evidence": "login"}
    assert (await divided.post("/v1/identities", json=link)).status_code == 204
    answer = (await divided.get("/v1/groups", params={"visitor": "v1"})).json()
    assert (answer["customer"], answer["groups"]["home"]) == (held, "holdout")


async def test_a_group_is_somebodys(divided: AsyncClient, calling: Caller) -> None:
    assert (await divided.get("/v1/groups")).json()["errors"][0]["field"] == "customer"
    assert (await divided.get("/v1/groups", params={"visitor": "a/b"})).status_code == 400
    assert (await (await calling("decide:web")).get("/v1/groups", params={"customer": "c1"})).status_code == 403


async def test_what_follows_showing_nothing_is_taken_once_and_is_no_contact(
    divided: AsyncClient, store: MemoryStore
) -> None:
    held = await held_out(divided)
    decision = (await divided.post("/v1/decisions", json={"placement": "home", "customer": held})).json()["decision"]
    report = {"id": "o1", "decision": decision, "kind": "accept", "value": 80.0}
    answers = [(await divided.post("/v1/outcomes", json=report)).json() for _ in range(2)]
    assert answers == [{"accepted": 1, "repeated": 0}, {"accepted": 0, "repeated": 1}]
    (record,) = [
        record
        for _, entry in await store.read_log(JOURNAL, START, 1000)
        if isinstance(record := decode_record(entry), OutcomeRecord)
    ]
    assert (record.offer, record.customer, record.value) == (None, held, 80.0)
    again = (await divided.post("/v1/decisions", json={"placement": "call", "customer": held})).json()["decision"]
    facts = (await divided.get(f"/v1/decisions/{again}")).json()["facts"]
    assert facts["contacts.shown"] == 0


async def test_an_offer_is_named_where_one_was_shown_and_only_there(divided: AsyncClient) -> None:
    held = await held_out(divided)
    none = (await divided.post("/v1/decisions", json={"placement": "home", "customer": held})).json()["decision"]
    some = (await divided.post("/v1/decisions", json={"placement": "call", "customer": held})).json()["decision"]
    wrong = ({"decision": none, "offer": "alba-spa"}, {"decision": some})
    for report in wrong:
        refused = await divided.post("/v1/outcomes", json={"id": "o1", "kind": "accept", **report})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "offer")
