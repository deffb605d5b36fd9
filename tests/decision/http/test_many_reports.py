"""Many reports about one subject, in one call and in many at once: few writes, and each counts once."""

import asyncio
from typing import Any

import pytest
from httpx import AsyncClient

from decision.store.memory import MemoryStore
from tests.decision.http.test_reports import decided, reports, weights


class Busy(MemoryStore):
    """A store that counts the changes that were tried, and refuses those of `lost`."""

    tried: int
    lost: range

    async def compare_and_put(self, *put: Any) -> bool:
        self.tried += 1
        await asyncio.sleep(0)
        return self.tried not in self.lost and await super().compare_and_put(*put)


@pytest.fixture
def busy(store: MemoryStore) -> Busy:
    store.__class__ = Busy
    assert isinstance(store, Busy)
    store.tried, store.lost = 0, range(0)
    return store


async def accepted(client: AsyncClient, number: int) -> list[dict[str, object]]:
    """Outcomes of one decision for ann; the brand of each offer that is accepted counts four."""
    decision, offer = await decided(client, customer="ann")
    return [{"id": f"o{at}", "decision": decision, "offer": offer, "kind": "accept"} for at in range(number)]


async def contacts(store: MemoryStore) -> int:
    return len((await store.get_many(["contacts:{c:ann}"]))[0] or b"") // 24


async def test_outcomes_of_one_subject_are_few_changes(client: AsyncClient, busy: Busy) -> None:
    told = await accepted(client, 300)
    before, busy.tried = await contacts(busy), 0
    assert (await client.post("/v1/outcomes", json=[*told, *told[:50]])).json() == {"accepted": 300, "repeated": 50}
    assert busy.tried == 2 * 3  # profile and contacts, in three parts
    assert (await client.post("/v1/outcomes", json=told)).json() == {"accepted": 0, "repeated": 300}
    assert (busy.tried, await contacts(busy)) == (6, before + 300)
    assert list((await weights(client)).values()) == [pytest.approx(1200.0)]
    assert len(await reports(busy)) == 300


async def test_thirty_two_callers_tell_the_same_outcomes_once(client: AsyncClient, busy: Busy) -> None:
    told = await accepted(client, 40)
    before = await contacts(busy)
    calls = [told[at : at + 9] for at in range(32)]
    answers = await asyncio.gather(*(client.post("/v1/outcomes", json=call) for call in calls))
    assert sum(answer.json()["accepted"] for answer in answers) == 40
    assert await contacts(busy) == before + 40
    assert list((await weights(client)).values()) == [pytest.approx(160.0)]


async def test_what_ended_in_a_conflict_is_told_again_and_counts_once(
    client: AsyncClient, busy: Busy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("decision.subject.contacts.ATTEMPTS", 3)
    told = await accepted(client, 5)
    before, busy.tried = await contacts(busy), 0
    busy.lost = range(2, 5)  # the first is the profile's
    answer = await client.post("/v1/outcomes", json=told)
    assert (answer.status_code, answer.headers["content-type"]) == (409, "application/problem+json")
    assert await contacts(busy) == before
    assert (await client.post("/v1/outcomes", json=told)).json() == {"accepted": 0, "repeated": 5}
    assert await contacts(busy) == before + 5
    assert list((await weights(client)).values()) == [pytest.approx(20.0)]
    assert len(await reports(busy)) == 5


@pytest.mark.parametrize("route", ["/v1/outcomes", "/v1/events", "/v1/identities"])
async def test_the_document_tells_of_conflicts(client: AsyncClient, route: str) -> None:
    document = (await client.get("/schema/openapi.json")).json()
    assert "409" in document["paths"][route]["post"]["responses"]
