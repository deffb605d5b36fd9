"""Catalogues and models over HTTP: publish, list, activate; what is broken is refused."""

import base64

from httpx import AsyncClient

from decision.service.concierge import Concierge
from models.artefact import Artefact, encode_artefact
from models.rates import Rates
from rules.ids import GoalId, Instant
from tests.decision.http.conftest import WORKSPACE

TOML = (WORKSPACE / "concierge.toml").read_text()
OFFERS = (WORKSPACE / "offers.csv").read_text()


def rates_model(overall: float) -> str:
    artefact = Artefact(
        kind="rates", goal=GoalId("accept"), objective="response", created=Instant(0), rates=Rates(overall=overall)
    )
    return base64.b64encode(encode_artefact(artefact)).decode()


async def test_a_catalogue_is_published_listed_and_activated_again(client: AsyncClient, concierge: Concierge) -> None:
    old = (await client.get("/v1/catalogue")).json()["current"]["current"]
    upload = {"workspace": TOML.replace("slots = 3", "slots = 2"), "offers": OFFERS}
    published = (await client.put("/v1/catalogue", json=upload)).json()
    assert published["before"] == old
    assert (await client.get("/v1/catalogue")).json() == {
        "current": {"current": published["version"]},
        "serving": {"current": old},
    }
    assert await concierge.refresher.refresh()
    assert len((await client.post("/v1/decisions", json={"placement": "home"})).json()["offers"]) == 2
    versions = (await client.get("/v1/catalogue/versions")).json()
    assert {version["version"]: version["current"] for version in versions} == {
        published["version"]: ["current"],
        old: [],
    }
    back = await client.post(f"/v1/catalogue/versions/{old}/activate")
    assert back.json()["before"] == published["version"]
    assert await concierge.refresher.refresh()
    assert len((await client.post("/v1/decisions", json={"placement": "home"})).json()["offers"]) == 3


async def test_a_broken_workspace_is_refused_with_every_mistake(client: AsyncClient) -> None:
    before = (await client.get("/v1/catalogue")).json()
    broken = TOML.replace('holds = "customer.member"', 'holds = "customer.membr"').replace(
        'goal = "accept"', 'goal = "acept"', 1
    )
    answer = await client.put("/v1/catalogue", json={"workspace": broken, "offers": OFFERS})
    assert answer.status_code == 422
    assert len(answer.json()["errors"]) == 2
    assert all(error["field"] and error["message"] for error in answer.json()["errors"])
    assert (await client.get("/v1/catalogue")).json() == before


async def test_a_model_is_published_and_taken(client: AsyncClient, concierge: Concierge) -> None:
    published = (await client.put("/v1/models", json={"model": rates_model(0.2)})).json()
    assert await concierge.refresher.refresh()
    answer = (await client.post("/v1/decisions", json={"placement": "home"})).json()
    assert answer["model"] == published["version"]
    assert {offer["propensity"] for offer in answer["offers"]} == {0.2}
    stored = (await client.put("/v1/models", json={"model": rates_model(0.3), "activate": False})).json()
    assert not await concierge.refresher.refresh()
    assert (await client.post(f"/v1/models/versions/{stored['version']}/activate")).json()["before"] == published[
        "version"
    ]
    assert await concierge.refresher.refresh()
    assert (await client.get("/v1/models")).json()["serving"] == {"accept": stored["version"]}
    versions = (await client.get("/v1/models/versions")).json()
    assert [version["summary"]["gate"] for version in versions] == ["not checked"] * 2


async def test_a_damaged_model_is_refused(client: AsyncClient) -> None:
    damaged = base64.b64encode(base64.b64decode(rates_model(0.2))[:-9]).decode()
    answer = await client.put("/v1/models", json={"model": damaged})
    assert answer.status_code == 422
    assert (await client.get("/v1/models/versions")).json() == []


async def test_an_old_decision_is_explained_with_its_own_model(client: AsyncClient, concierge: Concierge) -> None:
    decision = (await client.post("/v1/decisions", json={"placement": "home"})).json()["decision"]
    await client.put("/v1/models", json={"model": rates_model(0.2)})
    await concierge.refresher.refresh()
    later = (await client.post("/v1/decisions", json={"placement": "home"})).json()["decision"]
    for id in (decision, later):
        assert (await client.get(f"/v1/decisions/{id}")).json()["replayed_equal"] is True
