"""`concierge simulate` from the journal to its tables, in this process and in others."""

import asyncio
import json
import pickle
import shutil
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar, NamedTuple

import pytest
import redis
from click.testing import CliRunner, Result
from distributed import LocalCluster

from decision.campaign.hands import Crew, Hands
from decision.command.main import concierge
from decision.journal.reading import open_journal
from decision.store.redis import RedisStore
from decision.version.registry import Registry
from models.artefact import Artefact, encode_artefact
from rules.errors import Invalid
from rules.package import unpack
from tests.training.journal import write_journal
from tests.training.shop import GOAL, SMALL, START
from tests.training.simulation.lives import PERSONS, lives
from tests.training.simulation.test_side import CHANGES, package
from training.errors import TrainingError
from training.simulation import people
from training.simulation.running import Change, plan
from training.simulation.running import run as run_all

VISITS, LEARNED = 900, 100
"""So many that the windows of some have passed, and from how many of these a model has learned."""


class Log(NamedTuple):
    """A journal of visits, which simulations only read, and a model that learned from the first of them."""

    data: Path
    model: str


@pytest.fixture(scope="module")
def log(valkey_server: str, tmp_path_factory: pytest.TempPathFactory) -> Log:
    with redis.Redis.from_url(valkey_server) as client:
        client.flushall()
    return asyncio.run(_prepare(valkey_server, tmp_path_factory.mktemp("data")))


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, valkey_server: str, log: Log) -> None:
    monkeypatch.setenv("CONCIERGE_STORE", valkey_server)
    monkeypatch.setenv("CONCIERGE_DATA", str(log.data))


async def _prepare(url: str, data: Path) -> Log:
    store = RedisStore.connect(url)
    registry, blob = Registry(store), package()
    decisions, outcomes = lives(unpack(blob), VISITS, 3)
    until = decisions[LEARNED].now
    learned = Artefact(kind="rates", goal=GOAL, objective="response", created=until, window=(START, until))
    model = await registry.put("model", encode_artefact(learned), START)
    await registry.activate("catalogue", await registry.put("catalogue", blob, START))
    await write_journal(store, data, [*decisions, *outcomes])
    await store.close()
    return Log(data, model)


def changed(folder: Path, *names: str) -> Path:
    workspace = Path(shutil.copytree(SMALL, folder / "-".join(("changed", *names))))
    file = workspace / "concierge.toml"
    toml = file.read_text()
    for name in names:
        toml = toml.replace(*CHANGES[name])
    file.write_text(toml)
    return workspace


def simulate(folder: Path, *arguments: str | Path) -> Any:
    """The figures as a file has them, in which what cannot be told is null."""
    figures = folder / "figures.json"
    found = run(*arguments, "--json", figures)
    assert found.exit_code == 0, (found.output, found.exception)
    return json.loads(figures.read_bytes(), object_hook=lambda fields: SimpleNamespace(**fields))


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(concierge, ["simulate", *map(str, arguments)])


def test_what_is_in_use_changes_nothing(tmp_path: Path) -> None:
    found = simulate(tmp_path, "--workspace", SMALL)
    assert (found.decisions, found.persons) == (VISITS, PERSONS)
    assert sum(one.otherwise for one in found.placements) == 0
    assert [(one.channel, round(one.gain, 9)) for one in found.worths] == [
        (channel, 0.0) for channel in ("all", "call-center", "email", "web")
    ]
    assert [found.examples, found.causes, found.groups] == [[], [], []]
    assert all(one.before == one.after for one in found.exposures)


def test_a_cap_is_named_and_so_is_what_it_makes_room_for(tmp_path: Path) -> None:
    found = simulate(tmp_path, "--workspace", changed(tmp_path, "cap"))
    assert {one.placement for one in found.placements if one.otherwise} == {"mail"}
    lost = [one for one in found.causes if one.direction == "lost"]
    assert lost[0].name == "three-mails-a-week"
    mail = next(one for one in found.placements if one.placement == "mail")
    assert mail.silent_after - mail.silent_before == sum(
        one.before - one.after for one in found.exposures if (one.channel, one.attribute) == ("email", "id")
    )
    (first, *_) = found.examples
    assert any("three-mails-a-week" in told.sentence for told in first.after)
    assert len({one.customer for one in found.examples}) == len(found.examples) == 20


def test_a_lever_and_a_rule_are_named(tmp_path: Path) -> None:
    workspace = changed(tmp_path, "lever", "rule")
    found = simulate(tmp_path, "--workspace", workspace, "--html", tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert "levers house-brands" in page
    assert page.count("<svg") == 3, "gains, offers, themes"
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
    causes = {(one.direction, one.reason, one.name) for one in found.causes}
    assert ("lost", "outranked", "levers house-brands") in causes
    assert ("lost", "not_eligible", "members-rates") in causes


def test_a_group_that_gets_nothing_any_more_is_named(tmp_path: Path) -> None:
    workspace = changed(tmp_path)
    file = workspace / "concierge.toml"
    rule = '\n[[rules]]\nid = "gold-only"\nholds = "customer.tier == \'gold\'"\nplacements = ["mail", "call"]\n'
    toml = file.read_text()
    file.write_text(toml.replace("[[levers]]", rule + "\n[[levers]]", 1))
    found = simulate(tmp_path, "--workspace", workspace)
    silenced = {(one.channel, one.attribute, one.value) for one in found.groups if one.before and not one.after}
    assert silenced == {("email", "tier", "silver"), ("call-center", "tier", "silver")}
    assert "No offer any more on email where tier is silver" in run("--workspace", str(workspace)).output


def test_processes_and_a_cluster_find_the_same_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = changed(tmp_path, "lever")
    alone = simulate(tmp_path, "--workspace", workspace)
    monkeypatch.setattr(people, "CHUNK", 100)
    assert simulate(tmp_path, "--workspace", workspace, "--processes", "1") == alone
    with LocalCluster(n_workers=1, processes=False, dashboard_address=":0") as cluster:  # type: ignore[no-untyped-call]
        assert simulate(tmp_path, "--workspace", workspace, "--dask", cluster.scheduler_address) == alone


def test_decisions_of_a_placement_that_one_side_lacks_are_counted_as_not_valued(tmp_path: Path) -> None:
    workspace = changed(tmp_path)
    file = workspace / "concierge.toml"
    file.write_text(file.read_text().replace("[placements.call]", "[placements.desk]").replace('"call"', '"desk"'))
    found = simulate(tmp_path, "--workspace", workspace)
    valued = next(one.decisions for one in found.worths if one.channel == "all")
    (lost,) = (one.decisions for one in found.unvalued if "placement call" in one.reason)
    whole = next(one.decisions for one in simulate(tmp_path, "--workspace", SMALL).worths if one.channel == "all")
    assert (valued + lost, lost > 0) == (whole, True)


def test_only_what_no_model_learned_from_is_valued(tmp_path: Path, log: Log) -> None:
    found = simulate(tmp_path, "--workspace", SMALL, "--model", log.model)
    assert found.decisions == VISITS
    (learned,) = (one for one in found.unvalued if "learned" in one.reason)
    assert (learned.goal, learned.decisions) == (GOAL, LEARNED)
    whole = simulate(tmp_path, "--workspace", SMALL)
    assert "learned" not in " ".join(one.reason for one in whole.unvalued)
    young = sum(one.decisions for one in whole.unvalued)
    everywhere = [next(one.decisions for one in each.worths if one.channel == "all") for each in (found, whole)]
    assert everywhere == [VISITS - LEARNED - young, VISITS - young]
    said = " ".join(run("--workspace", SMALL, "--model", log.model).output.split())
    assert f"{LEARNED} decisions for accept are not valued: a model of either side learned from that time." in said


def test_a_broken_workspace_is_refused_with_its_mistakes(tmp_path: Path) -> None:
    workspace = changed(tmp_path)
    (workspace / "concierge.toml").write_text(
        (workspace / "concierge.toml").read_text().replace("slots = 3", 'slots = "x"')
    )
    found = run("--workspace", workspace)
    assert isinstance(found.exception, Invalid)
    assert any("slots" in fault.field for fault in found.exception.faults)
    assert isinstance(run().exception, Invalid)


def test_a_range_without_decisions_is_refused() -> None:
    found = run("--workspace", SMALL, "--since", "2100-01-01T00:00:00Z")
    assert isinstance(found.exception, TrainingError)
    assert "deciding again" not in found.output


class Weighing(ThreadPoolExecutor):
    """Threads that note how many bytes a task would be sent as, but for its decisions."""

    sent: ClassVar[list[int]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.sent.append(len(pickle.dumps((fn, *args[:-1]))))
        return super().submit(fn, *args, **kwargs)


async def test_a_chunk_is_not_sent_with_all_that_decides(
    valkey_server: str, log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people, "CHUNK", 100)
    store = RedisStore.connect(valkey_server)
    with open_journal(log.data) as journal, Hands(Crew(lambda: Weighing(1), 1), print) as hands:
        meant = people.People(journal, people.Scope(), tmp_path)
        chosen = await plan(Registry(store), journal, Change(package("lever")), meant)
        await run_all(chosen, meant, hands, lambda _: None, asyncio.Event())
    await store.close()
    assert len(Weighing.sent) == len(meant) == VISITS // 100
    assert max(Weighing.sent) < 500 < len(package())
