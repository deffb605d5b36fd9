import socket
from pathlib import Path

import pytest

from loadtest.errors import CommandFailed
from loadtest.service_process import Concierge, free_port


async def test_a_command_that_fails_is_told_with_what_it_printed(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match=r"(?s)concierge check .*missing.* ended with \d.*"):
        await Concierge(tmp_path).run("check", str(tmp_path / "missing"))


async def test_what_a_command_prints_is_as_wide_as_the_place_where_it_is_shown(tmp_path: Path) -> None:
    for columns in (60, 100):
        told = await Concierge(tmp_path, columns=columns).run("train", "--help")
        assert max(len(line) for line in told.splitlines()) == columns


def test_a_wanted_port_is_taken_as_it_is_and_else_a_free_one() -> None:
    assert free_port(1234) == 1234
    port = free_port()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
