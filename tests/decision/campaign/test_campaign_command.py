"""`concierge campaign` as a person meets it: stopped, robbed of a process, gone on with, and asked again."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pyarrow.parquet as pq
import pytest

from decision.campaign.folder import CampaignFolders
from decision.store.redis import RedisStore
from tests.decision.campaign.hall import Hall, figures, output, write_names

GUESTS = 1_500


class Shell:
    """Runs commands over a store and a data folder."""

    def __init__(self, url: str, data: Path) -> None:
        self._environment = {**os.environ, "CONCIERGE_STORE": url, "CONCIERGE_DATA": str(data), "COLUMNS": "200"}

    def start(self, *arguments: object) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "decision.command.main", "campaign", *map(str, arguments)],
            env=self._environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip

    def run(self, *arguments: object) -> tuple[int, str]:
        process = self.start(*arguments)
        said, complained = process.communicate(timeout=120)
        return process.returncode, said + complained


async def prepare(url: str, data: Path) -> list[str]:
    store = RedisStore.connect(url)
    guests = await Hall(store, data).open(GUESTS)
    await store.close()
    return [*guests]


def until(process: "subprocess.Popen[str]", folders: CampaignFolders, parts: int) -> None:
    """Wait until so many parts are written."""
    end = time.monotonic() + 60.0
    while not any(len(folder.written()) >= parts for folder in folders.all()):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_campaign_is_stopped_robbed_and_finished(valkey_url: str, tmp_path: Path) -> None:
    data, out = tmp_path / "data", tmp_path / "campaigns"
    guests = asyncio.run(prepare(valkey_url, data))
    audience = write_names(tmp_path / "audience.csv", [*guests, "stranger", guests[0]])
    shell, folders = Shell(valkey_url, data), CampaignFolders(data)
    run = ("run", "--audience", audience, "--placement", "home", "--out", out, "--chunk", 25, "--processes", 2)

    stopped = shell.start(*run)
    until(stopped, folders, 3)
    # As from `timeout` or a terminal: to all processes of the group.
    os.killpg(stopped.pid, signal.SIGTERM)
    said = "".join(stopped.communicate(timeout=60))
    assert stopped.returncode == 130, said
    assert "run the same command again" in said
    assert "died" not in said
    assert not out.exists()

    going_on = shell.start(*run)
    until(going_on, folders, len(folders.all()[0].written()) + 2)
    # The first child is multiprocessing's own.
    psutil.Process(going_on.pid).children()[-1].kill()
    said = "".join(going_on.communicate(timeout=120))
    assert going_on.returncode == 0, said
    assert "A process of the campaign died; what it had begun is begun again." in said
    assert "campaign_process_died" not in said
    parts = sorted(out.glob("placement=home/campaign=*/*.parquet"))
    assert len(parts) == 61
    rows = output(*parts)
    assert [customer for customer, _, _ in rows] == sorted([*guests, "stranger"])
    hall = Hall(RedisStore.connect(valkey_url), data)
    assert hall.journalled() == rows
    (path,) = out.glob("_*.summary.json")
    summary = figures(path)
    assert (summary["customers"], summary["repeated"], summary["unknown"]) == (GUESTS + 1, 1, 1)
    assert summary["shown"] == sum(len(offers) for _, _, offers in rows)
    columns = pq.read_schema(parts[0]).names
    assert columns[-1] == "theme"
    assert {"customer", "decision", "offer", "probability"} < set(columns)

    code, said = shell.run(*run)
    assert (code, "finished before" in said) == (0, True)
    code, said = shell.run("list")
    assert "finished" in said
    assert f"{GUESTS + 1:,}/{GUESTS + 1:,}" in said
    code, said = shell.run(*run[:4], "mail", *run[5:], "--id", folders.all()[0].path.name)
    assert code == 1
    assert "another placement" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--placement", "mail"), "name either an audience file or a --segment"),
        (("--placement", "male", "--segment", "true"), "'male' is not a placement"),
        (("--placement", "mail", "--segment", "offer.price > 1.0"), "it may read the profile and now"),
        (("--placement", "mail", "--segment", "true", "--column", "tier"), "is no attribute of offers"),
        (("--placement", "mail", "--segment", "true", "--at", "2200-01-01"), "lies in the future"),
        (("--placement", "mail", "--segment", "true", "--id", "No!"), "give lower-case letters"),
        (("--placement", "mail", "--segment", "customer.age > 1000"), "none of 3 profiles meets it"),
        (("--placement", "mail", "--segment", "true", "--out", "out.csv"), "only Parquet is written"),
        (("--placement", "mail", "--segment", "true", "--out", "/proc/out/o.parquet"), "nobody was decided"),
    ],
)
def test_mistakes_are_named(valkey_url: str, tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    asyncio.run(prepare_few(valkey_url, tmp_path / "data"))
    code, told = Shell(valkey_url, tmp_path / "data").run("run", "--out", tmp_path / "out.parquet", *arguments)
    assert code == 1
    assert said in " ".join(told.split())
    # A mistake leaves nothing behind.
    assert not [*(tmp_path / "data" / "campaigns").glob("*")]


async def prepare_few(url: str, data: Path) -> None:
    store = RedisStore.connect(url)
    await Hall(store, data).open(3)
    await store.close()
