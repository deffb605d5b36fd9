"""Every bad input is a problem document that names the field, and nothing is written."""

import copy
from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest
from httpx import AsyncClient

from decision.store.memory import MemoryStore
from tests.decision.http.conftest import Caller

AT_HOME = {"placement": "home"}
OUTCOME = {"id": "o1", "decision": "d1", "offer": "alba-spa", "kind": "accept"}
EVENT = {"id": "e1", "customer": "ann", "kind": "view"}
LINK = {"visitor": "v1", "customer": "ann", "evidence": "login"}


def contents(store: MemoryStore) -> object:
    """Everything in the store: values, lives, sets and logs."""
    return copy.deepcopy({name: held for name, held in vars(store).items() if isinstance(held, dict)})


def fields_of(answer: httpx.Response) -> list[str]:
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["title"]
    assert problem["detail"]
    return sorted(error["field"] for error in problem.get("errors", []))


@pytest.mark.parametrize(
    ("route", "body", "fields"),
    [
        ("/v1/decisions", {**AT_HOME, "placement": "nowhere"}, ["placement"]),
        ("/v1/decisions", {**AT_HOME, "placement": 3}, ["placement"]),
        ("/v1/decisions", {}, ["placement"]),
        ("/v1/decisions", [], ["body"]),
        ("/v1/decisions", "home", ["body"]),
        ("/v1/decisions", {**AT_HOME, "customer": ""}, ["customer"]),
        ("/v1/decisions", {**AT_HOME, "customer": "a\n"}, ["customer"]),
        ("/v1/decisions", {**AT_HOME, "customer": "x" * 201}, ["customer"]),
        ("/v1/decisions", {**AT_HOME, "visitor": 1, "slots": "2"}, ["slots", "visitor"]),
        ("/v1/decisions", {**AT_HOME, "slots": 0}, ["slots"]),
        ("/v1/decisions", {**AT_HOME, "slots": True}, ["slots"]),
        ("/v1/decisions", {**AT_HOME, "slots": 2.5}, ["slots"]),
        ("/v1/decisions", {**AT_HOME, "slots": 4}, ["slots"]),
        ("/v1/decisions", {**AT_HOME, "placement": "x" * 201}, ["placement"]),
        ("/v1/decisions", {**AT_HOME, "exclude": ["a", "x" * 201]}, ["exclude[1]"]),
        ("/v1/decisions", {**AT_HOME, "customer": "a/b"}, ["customer"]),
        ("/v1/decisions", {**AT_HOME, "visitor": ".."}, ["visitor"]),
        ("/v1/decisions", {**AT_HOME, "context": {"x" * 300: 1}}, ["context." + "x" * 200 + "…"]),
        ("/v1/decisions", {**AT_HOME, "context": {str(n): 1 for n in range(300)}}, ["context"]),
        ("/v1/decisions", {**AT_HOME, "at": "2026-04-01T12:01:01Z"}, ["at"]),
        ("/v1/decisions", {**AT_HOME, "exclude": "alba-spa"}, ["exclude"]),
        ("/v1/decisions", {**AT_HOME, "exclude": ["a", 3]}, ["exclude[1]"]),
        ("/v1/decisions", {**AT_HOME, "customr": "ann"}, ["customr"]),
        ("/v1/decisions", {**AT_HOME, "at": "99999-01-01T00:00:00Z"}, ["at"]),
        ("/v1/decisions", {**AT_HOME, "at": "yesterday"}, ["at"]),
        ("/v1/decisions", {**AT_HOME, "context": {"colour": "red"}}, ["context.colour"]),
        (
            "/v1/decisions",
            {**AT_HOME, "context": {"party": "two", "device": "tv"}},
            ["context.device", "context.party"],
        ),
        ("/v1/decisions", {**AT_HOME, "context": {"party": 2**63}}, ["context.party"]),
        ("/v1/decisions", {**AT_HOME, "context": {"party": {"a": "b"}}}, ["context.party.a"]),
        ("/v1/decisions", {**AT_HOME, "placement": "nowhere", "at": "99999-01-01"}, ["at", "placement"]),
        ("/v1/outcomes", OUTCOME, ["decision"]),
        ("/v1/outcomes", {**OUTCOME, "id": ""}, ["id"]),
        ("/v1/outcomes", {**OUTCOME, "value": "much"}, ["value"]),
        ("/v1/outcomes", {**OUTCOME, "value": -1e13}, ["decision", "value"]),
        ("/v1/outcomes", {**OUTCOME, "kind": "decision"}, ["decision", "kind"]),
        ("/v1/outcomes", {**OUTCOME, "at": "2262-01-01T00:00:00Z"}, ["at", "decision"]),
        ("/v1/events", {**EVENT, "value": 1e13}, ["value"]),
        ("/v1/events", {**EVENT, "at": "2262-01-01T00:00:00Z"}, ["at"]),
        ("/v1/events", {**EVENT, "attributes": {"brand": "x" * 2000}}, ["attributes.brand"]),
        ("/v1/events", {**EVENT, "attributes": {"brand": ["x"] * 201}}, ["attributes.brand"]),
        ("/v1/outcomes", {**OUTCOME, "at": "2026-13-01T00:00:00Z"}, ["at", "decision"]),
        ("/v1/outcomes", [OUTCOME, {"id": 3}], ["[1].decision", "[1].id", "[1].kind"]),
        ("/v1/events", {**EVENT, "customer": None}, ["customer"]),
        ("/v1/events", {**EVENT, "attributes": {"brand": "Nobody"}}, ["attributes.brand"]),
        ("/v1/events", [EVENT, {**EVENT, "attributes": {"hue": 1}}], ["[1].attributes.hue"]),
        ("/v1/events", {"id": "e1", "customer": "ann"}, ["kind"]),
        ("/v1/identities", {**LINK, "evidence": ""}, ["evidence"]),
        ("/v1/identities", {"visitor": "v1"}, ["customer", "evidence"]),
        ("/v1/catalogue", {"workspace": "x"}, ["offers"]),
        ("/v1/catalogue", {"workspace": 3, "offers": "id\n"}, ["workspace"]),
        ("/v1/models", {"model": "not base64!"}, ["model"]),
    ],
)
async def test_a_wrong_body_is_refused_by_field(
    client: AsyncClient, store: MemoryStore, route: str, body: object, fields: list[str]
) -> None:
    before = contents(store)
    method = "PUT" if route in {"/v1/catalogue", "/v1/models"} else "POST"
    answer = await client.request(method, route, json=body)
    assert answer.status_code == 400
    assert fields_of(answer) == fields
    assert contents(store) == before


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (
            {"attributes": {"tier": "bronze", "age": "old", "shoe": 42}},
            ["attributes.age", "attributes.shoe", "attributes.tier"],
        ),
        ({"attributes": {"points": {"a": "b"}}}, ["attributes.points.a"]),
        ({"attributes": {"since": "99999-01-01T00:00:00Z"}}, ["attributes.since"]),
        ({"attributes": {"points": {str(key): 1 for key in range(201)}}}, ["attributes.points"]),
        ({"consents": {str(key): True for key in range(257)}}, ["consents"]),
        ({"consents": {"email": "yes"}}, ["consents.email"]),
        ({"attributes": []}, ["attributes"]),
        ({"profile": {}}, ["profile"]),
    ],
)
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_a_wrong_profile_is_refused_by_field(
    client: AsyncClient, store: MemoryStore, method: str, body: object, fields: list[str]
) -> None:
    before = contents(store)
    answer = await client.request(method, "/v1/customers/ann", json=body)
    assert answer.status_code == 400
    assert fields_of(answer) == fields
    assert contents(store) == before


@pytest.mark.parametrize(
    ("body", "fields"),
    [({"attributes": {"shoe": None}}, ["attributes.shoe"]), ({"attributes": None}, ["attributes"])],
)
async def test_a_patch_may_not_remove_what_is_not_declared(
    client: AsyncClient, store: MemoryStore, body: object, fields: list[str]
) -> None:
    before = contents(store)
    assert fields_of(await client.patch("/v1/customers/ann", json=body)) == fields
    assert contents(store) == before


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"placement": NaN}',
        b'{"placement": "home"} trailing',
        b"\xff\xfe",
        b"[" * 5000,
        b'{"placement": "home", "context": {"party": 1e999}}',
        b'{"placement": "home", "context": {"party": NaN}}',
    ],
)
async def test_malformed_json_is_refused(client: AsyncClient, store: MemoryStore, body: bytes) -> None:
    before = contents(store)
    answer = await client.post("/v1/decisions", content=body)
    assert answer.status_code == 400
    assert fields_of(answer) == ["body"]
    assert contents(store) == before


async def test_messagepack_cannot_smuggle_nan(client: AsyncClient, store: MemoryStore) -> None:
    before = contents(store)
    headers = {"Content-Type": "application/msgpack"}
    nan = float("nan")
    event = msgspec.msgpack.encode({**EVENT, "value": nan})
    assert fields_of(await client.post("/v1/events", content=event, headers=headers)) == ["value"]
    profile = msgspec.msgpack.encode({"attributes": {"spend": nan, "points": {"a": float("inf")}}})
    answer = await client.put("/v1/customers/ann", content=profile, headers=headers)
    assert fields_of(answer) == ["attributes.points", "attributes.spend"]
    assert contents(store) == before


@pytest.mark.parametrize(
    "body",
    [
        {**AT_HOME, "context": {f"devic{at}": 1 for at in range(250)}},
        {**AT_HOME, **{f"k{at}": 1 for at in range(3000)}},
        [{**EVENT, "id": str(at), "attributes": {"hue": 1}} for at in range(500)],
        [{**EVENT, "id": at} for at in range(1000)],
    ],
)
async def test_nonsense_gets_a_short_answer(client: AsyncClient, body: object) -> None:
    answer = await client.post("/v1/events" if isinstance(body, list) else "/v1/decisions", json=body)
    assert answer.status_code == 400
    assert len(fields_of(answer)) == 100
    assert "more than 100 faults" in answer.json()["detail"]
    assert len(answer.content) < 20_000


async def test_a_call_holds_only_so_many_reports(client: AsyncClient, store: MemoryStore) -> None:
    before, many = contents(store), b"[" + b",".join([b"{}"] * 10_001) + b"]"
    for route, kind in [
        ("/v1/events", "application/json"),
        ("/v1/outcomes", "application/json"),
        ("/v1/events", "application/cloudevents-batch+json"),
    ]:
        answer = await client.post(route, content=many, headers={"Content-Type": kind})
        assert answer.status_code == 400
        assert fields_of(answer) == ["body"]
        assert "10000" in answer.json()["errors"][0]["message"]
    assert contents(store) == before


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", "application/xml"])
async def test_a_body_of_another_type_is_refused(client: AsyncClient, store: MemoryStore, kind: str) -> None:
    before = contents(store)
    for method, route in [("POST", "/v1/decisions"), ("POST", "/v1/events"), ("PATCH", "/v1/customers/ann")]:
        answer = await client.request(method, route, content=b'{"placement": "home"}', headers={"Content-Type": kind})
        assert answer.status_code == 415
        assert kind in answer.json()["detail"]
        assert fields_of(answer) == []
    assert contents(store) == before


@pytest.mark.parametrize("kind", [None, "application/json; charset=utf-8", "Application/JSON", "application/x+json"])
async def test_json_goes_by_several_types(client: AsyncClient, kind: str | None) -> None:
    headers = {} if kind is None else {"Content-Type": kind}
    answer = await client.post("/v1/decisions", content=b'{"placement": "home"}', headers=headers)
    assert answer.status_code == 200


async def test_an_oversized_body_is_refused(client: AsyncClient, store: MemoryStore) -> None:
    before = contents(store)
    for body in (b" " * 60_000, in_pieces(b" " * 60_000)):
        answer = await client.post("/v1/decisions", content=body)
        assert answer.status_code == 413
        assert fields_of(answer) == []
    assert contents(store) == before


async def test_a_body_may_come_in_pieces(client: AsyncClient) -> None:
    body = msgspec.json.encode({**AT_HOME, "exclude": ["x" * 100] * 200})
    assert (await client.post("/v1/decisions", content=in_pieces(body))).status_code == 200
    assert fields_of(await client.post("/v1/decisions", content=in_pieces(body + b"}"))) == ["body"]


async def in_pieces(body: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(body), 7000):
        yield body[at : at + 7000]


ROUTES = [
    ("POST", "/v1/decisions", "decide:web"),
    ("POST", "/v1/outcomes", "outcomes"),
    ("POST", "/v1/events", "outcomes"),
    ("GET", "/v1/customers/ann", "profiles"),
    ("PUT", "/v1/customers/ann", "profiles"),
    ("PATCH", "/v1/customers/ann", "profiles"),
    ("DELETE", "/v1/customers/ann", "profiles"),
    ("POST", "/v1/identities", "profiles"),
    ("DELETE", "/v1/identities/v1", "profiles"),
    ("GET", "/v1/catalogue", "admin"),
    ("PUT", "/v1/catalogue", "admin"),
    ("GET", "/v1/catalogue/versions", "admin"),
    ("POST", "/v1/catalogue/versions/x/activate", "admin"),
    ("GET", "/v1/models", "admin"),
    ("PUT", "/v1/models", "admin"),
    ("GET", "/v1/models/versions", "admin"),
    ("POST", "/v1/models/versions/x/activate", "admin"),
]


@pytest.mark.parametrize(("method", "route", "scope"), ROUTES)
async def test_every_route_needs_a_key_with_its_scope(
    calling: Caller, store: MemoryStore, method: str, route: str, scope: str
) -> None:
    other = await calling("decide:app")
    before = contents(store)
    body = AT_HOME if route == "/v1/decisions" else None
    for header in ("", "Basic abc", "Bearer ", "Bearer wrong"):
        answer = await other.request(method, route, json=body, headers={"Authorization": header})
        assert answer.status_code == 401, header
        assert answer.headers["www-authenticate"] == "Bearer"
        assert fields_of(answer) == []
    answer = await other.request(method, route, json=body)
    assert answer.status_code == 403
    assert scope in answer.json()["detail"]
    assert contents(store) == before


async def test_unknown_things_are_not_found(client: AsyncClient) -> None:
    for method, route in [
        ("GET", "/v1/customers/nobody"),
        ("DELETE", "/v1/customers/nobody"),
        ("DELETE", "/v1/identities/nobody"),
        ("GET", "/v1/decisions/0123456789abcdef0123456789abcdef"),
        ("GET", "/v1/decisions/nonsense"),
        ("POST", "/v1/catalogue/versions/0123/activate"),
        ("POST", "/v1/models/versions/0123/activate"),
        ("GET", "/v1/nothing"),
    ]:
        answer = await client.request(method, route)
        assert answer.status_code == 404, route
        assert fields_of(answer) == []
    assert (await client.get("/v1/outcomes")).status_code == 405
