"""A bulk with a name may be sent again, as a whole or in part: nobody in it is decided twice."""

import asyncio
import json
from collections.abc import Sequence

import pytest
from httpx import AsyncClient, Response

from decision.journal.record import DecisionRecord
from decision.keys import customer_subject, visitor_subject
from decision.service.concierge import Concierge
from decision.service.question import ProfileForm
from decision.store.memory import MemoryStore
from rules.contact import CONTACT
from rules.errors import Unavailable
from rules.ids import CustomerId, VisitorId
from tests.decision.http.conftest import Caller
from tests.decision.journal.records import log_records

LINES = [
    b'{"placement":"home","customer":"ann"}',
    b'{"placement":"mail","customer":"bob"}',
    b'{"placement":"call","visitor":"v1"}',
    b'{"placement":"home"}',
    b'{"placement":"nowhere"}',
]


async def send(client: AsyncClient, lines: Sequence[bytes], key: str | None) -> list[bytes]:
    headers = {} if key is None else {"Idempotency-Key": key}
    answer = await client.post("/v1/decisions/bulk", content=b"\n".join(lines), headers=headers)
    assert answer.status_code == 200
    return answer.content.splitlines()


async def contacts(concierge: Concierge) -> int:
    people = [customer_subject(CustomerId(name)) for name in ("ann", "bob")]
    blobs = await concierge.intake._contacts.load([*people, visitor_subject(VisitorId("v1"))])
    return sum(map(len, blobs)) // CONTACT.itemsize


async def journalled(store: MemoryStore) -> list[str]:
    return [record.id for record in await log_records(store) if isinstance(record, DecisionRecord)]


async def test_a_repeated_bulk_decides_nobody_twice(
    client: AsyncClient, concierge: Concierge, store: MemoryStore
) -> None:
    await concierge.customers.put(CustomerId("bob"), ProfileForm({}, {"email": True}))
    first = await send(client, LINES, "monday")
    made = await contacts(concierge)
    assert made > 3
    assert await send(client, LINES, "monday") == first
    # In another order, and beside others.
    others = await send(client, [LINES[3], b'{"placement":"home","customer":"cid"}', LINES[0]], "monday")
    assert [others[0], others[2]] == [first[3], first[0]]
    assert await contacts(concierge) == made
    assert len(set(await journalled(store))) == 5


async def test_another_name_or_none_is_another_bulk(client: AsyncClient, calling: Caller) -> None:
    first = await send(client, LINES[:1], "monday")
    for key in ("tuesday", None):
        assert _decision((await send(client, LINES[:1], key))[0]) != _decision(first[0])
    # A name is the caller's own.
    stranger = await calling("decide:web")
    assert _decision((await send(stranger, LINES[:1], "monday"))[0]) != _decision(first[0])


async def test_equal_lines_are_one_question(client: AsyncClient, concierge: Concierge) -> None:
    one, two, other = await send(client, [LINES[1], LINES[1], LINES[1] + b" "], "monday")
    assert one == two == other
    batches = await asyncio.gather(*(send(client, LINES[:3], "tuesday") for _ in range(5)))
    assert all(batch == batches[0] for batch in batches)


async def test_dry_runs_are_not_remembered(client: AsyncClient) -> None:
    line = [b'{"placement":"home","customer":"ann","dry_run":true}']
    first, again = await send(client, line, "monday"), await send(client, line, "monday")
    assert _decision(first[0]) != _decision(again[0])


async def test_what_was_begun_is_finished(
    client: AsyncClient, concierge: Concierge, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the process had been killed between the reservation and the record."""

    async def refuse(*_: object) -> None:
        raise Unavailable("the log is away")

    lines = LINES[:4]
    with monkeypatch.context() as patch:
        patch.setattr("decision.service.bulk.deciding.SECONDS", 0.1)
        patch.setattr("decision.service.recorder.Recorder.record", refuse)
        first = [json.loads(answer) for answer in await send(client, lines, "monday")]
    assert [answer.pop("degraded") for answer in first] == [["journal"]] * 4
    assert await journalled(store) == []
    made = await contacts(concierge)
    assert made > 3
    again = [json.loads(answer) for answer in await send(client, lines, "monday")]
    assert [answer.pop("degraded") for answer in again] == [[]] * 4
    assert again == first
    assert await contacts(concierge) == made
    assert sorted(await journalled(store)) == sorted(answer["decision"] for answer in again)


@pytest.mark.parametrize("key", ["", "two words", "é", "x" * 201])
async def test_a_malformed_name_is_refused(client: AsyncClient, key: str) -> None:
    answer: Response = await client.post(
        "/v1/decisions/bulk", content=LINES[0], headers={b"Idempotency-Key": key.encode()}
    )
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["field"] for error in answer.json()["errors"]] == ["idempotency_key"]


def _decision(answer: bytes) -> str:
    return str(json.loads(answer)["decision"])
