"""SIGTERM in the middle of traffic: what was acknowledged is in the journal, and in the log."""

import asyncio
import json

import httpx

from decision.journal.record import DecisionRecord, OutcomeRecord
from decision.store.opening import open_store
from tests.decision.journal.records import log_records
from tests.e2e.conftest import Served

CALLERS = 16
LINES = 400


class Acknowledged:
    def __init__(self) -> None:
        self.decisions: set[str] = set()
        self.outcomes: set[str] = set()
        self.failed: list[int] = []


async def test_sigterm_loses_nothing_that_was_acknowledged(served: Served) -> None:
    seen = Acknowledged()
    stopping = asyncio.Event()
    log = served.settings.folder / "serve.log"
    async with httpx.AsyncClient(base_url=served.url, headers=served.headers, timeout=120) as client:
        # Processes start for the first batch; the one under way at the end is theirs.
        seen.decisions |= await _send_batch(client, asyncio.Event())
        while "bulk_process_ready" not in log.read_text():
            await asyncio.sleep(0.05)
        callers = [asyncio.create_task(_call(client, number, seen, stopping)) for number in range(CALLERS)]
        while len(seen.outcomes) < 60:
            await asyncio.sleep(0.01)
        begun = asyncio.Event()
        batch = asyncio.create_task(_send_batch(client, begun))
        await begun.wait()
        stopping.set()
        code = await asyncio.to_thread(served.stop)
        await asyncio.gather(*callers)
    assert code == 0
    assert seen.failed == []
    batched = await batch
    assert len(batched) == LINES
    assert len(seen.decisions) >= LINES + 60
    decisions, outcomes = set(), set()
    async with open_store(served.settings) as store:
        for record in await log_records(store):
            if isinstance(record, DecisionRecord):
                decisions.add(record.id)
            elif isinstance(record, OutcomeRecord):
                outcomes.add(record.id)
    assert seen.decisions | batched <= decisions
    assert seen.outcomes <= outcomes
    lines = log.read_text().splitlines()
    logged = {json.loads(line)["decision"] for line in lines if '"event":"decision"' in line}
    assert seen.decisions | batched <= logged


async def _call(client: httpx.AsyncClient, number: int, seen: Acknowledged, stopping: asyncio.Event) -> None:
    """Decide and report until the server is gone; only a refused or broken connection may end it."""
    turn = 0
    while True:
        turn += 1
        try:
            question = {"placement": "call", "customer": f"c{number}"}
            answer = await client.post("/v1/decisions", json=question)
            if answer.status_code != 200:
                seen.failed.append(answer.status_code)
                return
            slate = answer.json()
            seen.decisions.add(slate["decision"])
            for shown in slate["offers"][:1]:
                id = f"{number}-{turn}"
                report = {"id": id, "decision": slate["decision"], "offer": shown["offer"], "kind": "accept"}
                answer = await client.post("/v1/outcomes", json=report)
                if answer.status_code != 202:
                    seen.failed.append(answer.status_code)
                    return
                seen.outcomes.add(id)
        except httpx.TransportError:
            assert stopping.is_set()
            return


async def _send_batch(client: httpx.AsyncClient, begun: asyncio.Event) -> set[str]:
    """The decisions of a batch that is under way when the signal comes: it is finished all the same."""
    lines = b"".join(b'{"placement":"home","visitor":"v%d"}\n' % number for number in range(LINES))
    decisions: set[str] = set()
    async with client.stream("POST", "/v1/decisions/bulk", content=lines) as answer:
        assert answer.status_code == 200
        async for line in answer.aiter_lines():
            decisions.add(json.loads(line)["decision"])
            begun.set()
    return decisions
