"""The service held against its own OpenAPI document: what it says is what is done, whatever is sent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import CHECKS, load_all_checks

from decision.access.api_keys import ApiKeys
from decision.clock import wall_clock
from decision.http.app import ROUTES, create_app
from decision.http.bulk import decide_bulk
from decision.service.concierge import Concierge
from decision.settings import Settings
from decision.store.memory import MemoryStore
from tests.decision.http.conftest import ALL_SCOPES, BODY_LIMIT

load_all_checks()
HELD: Any = [
    CHECKS.get_one(name)
    for name in (
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
    )
]


@pytest.fixture
def api(concierge: Concierge, store: MemoryStore) -> Any:
    @asynccontextmanager
    async def opening(_: Settings) -> AsyncIterator[Concierge]:
        yield concierge

    # Its client starts and stops the application for every call.
    app = create_app(Settings(body_limit=BODY_LIMIT), opening)
    secret, _ = asyncio.run(ApiKeys(store).create("fuzz", ALL_SCOPES, wall_clock()))
    schema = schemathesis.openapi.from_asgi("/schema", app)
    schema.config.update(headers={"Authorization": f"Bearer {secret}"})
    return schema


@pytest.mark.parametrize("operation", [route.operation_id for route in ROUTES if route is not decide_bulk])
def test_every_answer_is_as_described(api: Any, operation: str) -> None:
    described = api.find_operation_by_id(operation)

    @given(case=described.as_strategy())
    @settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
    def hold(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(checks=HELD)

    hold()
