"""Profiles over HTTP, and visitors that turn out to be customers."""

import pytest
from httpx import AsyncClient

from decision.journal.record import ProfileRecord, decode_record
from decision.keys import JOURNAL, customer_subject, profile_key
from decision.store.memory import MemoryStore
from decision.store.port import START, Position
from rules.errors import Unavailable
from rules.ids import CustomerId


async def changes(store: MemoryStore) -> list[tuple[str, str]]:
    records = [decode_record(entry) for _, entry in await store.read_log(JOURNAL, START, 1000)]
    return [(record.change, record.customer) for record in records if isinstance(record, ProfileRecord)]


async def test_a_profile_is_set_read_changed_and_forgotten(client: AsyncClient, store: MemoryStore) -> None:
    form = {
        "attributes": {"tier": "gold", "age": 44, "since": "2020-01-01T00:00:00Z", "points": {"a": 1, "b": 2}},
        "consents": {"email": True},
    }
    put = await client.put("/v1/customers/ann", json=form)
    assert put.status_code == 200
    assert put.json()["attributes"] == form["attributes"]
    patch = {
        "attributes": {"tier": None, "age": 45, "points": {"a": None, "c": 3}},
        "consents": {"email": None, "app": False},
    }
    patched = (await client.patch("/v1/customers/ann", json=patch)).json()
    assert patched["attributes"] == {"age": 45, "since": "2020-01-01T00:00:00Z", "points": {"b": 2.0, "c": 3.0}}
    assert patched["consents"] == {"app": False}
    assert (await client.get("/v1/customers/ann")).json() == patched
    assert (await client.delete("/v1/customers/ann")).status_code == 204
    assert (await client.get("/v1/customers/ann")).status_code == 404
    assert await changes(store) == [("put", "ann"), ("patch", "ann"), ("delete", "ann")]


async def test_put_keeps_what_was_learned(client: AsyncClient) -> None:
    event = {"id": "e1", "customer": "ann", "kind": "booking", "attributes": {"brand": "Alba"}, "value": 90.0}
    await client.post("/v1/events", json=event)
    await client.put("/v1/customers/ann", json={"attributes": {"age": 30}})
    answer = (await client.put("/v1/customers/ann", json={"attributes": {"tier": "gold"}})).json()
    assert answer["attributes"] == {"tier": "gold"}
    assert answer["activities"]["stays"]["value"] == 90.0
    assert answer["traits"] == {"preferred_brand": "Alba"}


async def test_a_declared_preference_wins(client: AsyncClient) -> None:
    event = {"id": "e1", "customer": "ann", "kind": "booking", "attributes": {"brand": "Alba"}}
    await client.post("/v1/events", json=event)
    answer = (await client.put("/v1/customers/ann", json={"attributes": {"favourite_brand": "Corte"}})).json()
    assert answer["traits"]["preferred_brand"] == "Corte"


async def test_a_linked_visitor_counts_from_the_next_decision_on(client: AsyncClient, store: MemoryStore) -> None:
    event = {"id": "e1", "visitor": "v1", "kind": "booking", "attributes": {"brand": "Alba"}}
    await client.post("/v1/events", json=event)
    assert await _affinity(client, customer="ann") == {}
    link = {"visitor": "v1", "customer": "ann", "evidence": "login"}
    assert (await client.post("/v1/identities", json=link)).status_code == 204
    assert await _affinity(client, customer="ann") == {"Alba": 8.0}
    decision = (await client.post("/v1/decisions", json={"placement": "home", "visitor": "v1"})).json()
    assert decision["customer"] == "ann"
    assert (await client.get("/v1/customers/ann")).json()["visitors"] == ["v1"]
    assert (await client.delete("/v1/identities/v1")).status_code == 204
    assert await _affinity(client, customer="ann") == {}
    assert await _affinity(client, visitor="v1") == {"Alba": 8.0}
    assert await changes(store) == [("link", "ann"), ("unlink", "ann")]


async def test_forgetting_a_customer_forgets_its_visitors(client: AsyncClient) -> None:
    event = {"id": "e1", "visitor": "v1", "kind": "booking", "attributes": {"brand": "Alba"}}
    await client.post("/v1/events", json=event)
    await client.post("/v1/identities", json={"visitor": "v1", "customer": "ann", "evidence": "login"})
    assert (await client.delete("/v1/customers/ann")).status_code == 204
    assert await _affinity(client, visitor="v1") == {}


async def test_odd_but_legal_names(client: AsyncClient) -> None:
    for name in ("a b", "ö", "x" * 200, "a.b:c{d}"):
        assert (await client.put(f"/v1/customers/{name}", json={})).status_code == 200, name
        assert (await client.get(f"/v1/customers/{name}")).json()["customer"] == name
    for name in ("a%0A", "a%2Fb", "%2E%2E%2F"):
        assert (await client.put(f"/v1/customers/{name}", json={})).status_code in {400, 404}, name
    event = {"id": "shop/7", "customer": "ann", "kind": "com.example/view"}
    assert (await client.post("/v1/events", json=event)).status_code == 202


@pytest.mark.parametrize("route", ["/v1/customers/%ff", "/v1/customers/a%C3", "/v1/identities/%fe"])
async def test_a_name_that_is_not_utf8_names_nobody(client: AsyncClient, store: MemoryStore, route: str) -> None:
    methods = ("PUT", "PATCH", "GET", "DELETE") if "customers" in route else ("DELETE",)
    for method in methods:
        answer = await client.request(method, route, json={})
        assert (answer.status_code, len(answer.json()["errors"])) == (400, 1), method
    assert await changes(store) == []


class LogAway(MemoryStore):
    """A store whose log takes nothing for a while."""

    away = False

    async def add_to_log(self, log: str, entry: bytes) -> Position:
        if self.away:
            raise Unavailable("the log is away")
        return await super().add_to_log(log, entry)


async def test_nothing_changes_that_the_journal_does_not_know_of(client: AsyncClient, store: MemoryStore) -> None:
    link = {"visitor": "v1", "customer": "ann", "evidence": "login"}
    await client.put("/v1/customers/ann", json={"attributes": {"age": 44}})
    await client.post("/v1/identities", json=link)
    before, known = (await client.get("/v1/customers/ann")).json(), await changes(store)
    store.__class__, store.away = LogAway, True  # type: ignore[attr-defined]
    calls: list[tuple[str, str, object]] = [
        ("PUT", "/v1/customers/ann", {"attributes": {"age": 45}}),
        ("PATCH", "/v1/customers/ann", {"consents": {"email": True}}),
        ("POST", "/v1/identities", {**link, "visitor": "v2"}),
        ("DELETE", "/v1/identities/v1", None),
        ("DELETE", "/v1/customers/ann", None),
    ]
    for method, route, body in calls:
        assert (await client.request(method, route, json=body)).status_code == 503
    assert (await client.get("/v1/customers/ann")).json() == before
    assert await changes(store) == known
    store.away = False  # type: ignore[attr-defined]
    for method, route, body in calls:
        assert (await client.request(method, route, json=body)).status_code < 300, route
    assert [name for name, _ in await changes(store)] == ["put", "link", "put", "patch", "link", "unlink", "delete"]


async def test_forgetting_a_customer_can_be_taken_up_again(client: AsyncClient, store: MemoryStore) -> None:
    await client.put("/v1/customers/ann", json={"attributes": {"age": 44}})
    await client.post("/v1/decisions", json={"placement": "home", "customer": "ann"})
    # What is left when an attempt ends between its steps.
    await store.delete([profile_key(customer_subject(CustomerId("ann")))])
    assert (await client.delete("/v1/customers/ann")).status_code == 204
    assert not any("c:ann" in key for key in vars(store)["_values"])
    assert (await client.delete("/v1/customers/ann")).status_code == 404
    assert await changes(store) == [("put", "ann"), ("delete", "ann")]


async def _affinity(client: AsyncClient, **who: str) -> dict[str, float]:
    decision = (await client.post("/v1/decisions", json={"placement": "home", **who})).json()["decision"]
    brands: dict[str, float] = (await client.get(f"/v1/decisions/{decision}")).json()["facts"]["affinity.brand"]
    return brands
