"""Load is put on whatever bears it, and what does not is named."""

import pytest

from loadtest.bench.errors import Overload
from loadtest.bench.pressing import CONNECTIONS, best_connections
from loadtest.bench.wire import post
from tests.loadtest.bench.test_generator import WHOLE, server

REQUESTS = (post("127.0.0.1", "/", b"x", "key"),)


async def test_as_many_connections_as_a_service_bears_are_used() -> None:
    with server(lambda number: (503 if number == 0 else 200, WHOLE)) as port:
        best = await best_connections(f"http://127.0.0.1:{port}", REQUESTS, 0.1)
    # With the first number of them something failed.
    assert best in CONNECTIONS[1:]


async def test_a_service_that_bears_nothing_is_named() -> None:
    with server(lambda _: (500, b"{}")) as port, pytest.raises(Overload, match=f"127.0.0.1:{port}.*500"):
        await best_connections(f"http://127.0.0.1:{port}", REQUESTS, 0.05)
