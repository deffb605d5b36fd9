"""`concierge experiment`, from a journal in a real store."""

import asyncio
import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from decision.journal.journal import Journal
from decision.journal.record import DecisionRecord, Record
from decision.settings import Settings
from decision.store.opening import open_store
from decision.version.registry import Registry
from rules.errors import NotFound
from rules.package import unpack
from tests.training.command.running import lost
from tests.training.experiment.divided_shop import divided_package, divided_visits
from tests.training.shop import START
from training.command.experiment import experiment
from training.errors import TrainingError

PACKAGE = divided_package()


@pytest.fixture
def settings(tmp_path: Path, valkey_url: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    settings = Settings(store=valkey_url, data=str(tmp_path / "data"))
    monkeypatch.setenv("CONCIERGE_STORE", settings.store)
    monkeypatch.setenv("CONCIERGE_DATA", settings.data)
    return settings


async def fill(settings: Settings, records: list[Record]) -> None:
    async with open_store(settings) as store:
        registry, journal = Registry(store), Journal(store, settings.folder)
        await registry.activate("catalogue", await registry.put("catalogue", PACKAGE, START))
        await asyncio.gather(*(journal.append(record) for record in records))


def run(*arguments: str) -> click.testing.Result:
    return CliRunner().invoke(experiment, list(arguments), catch_exceptions=False)


def test_groups_are_told_with_their_lifts_and_figures(settings: Settings, tmp_path: Path) -> None:
    asyncio.run(fill(settings, divided_visits(unpack(PACKAGE), 700, 3)))
    figures = tmp_path / "figures.json"
    result = run("levers", "--json", str(figures))
    assert result.exit_code == 0
    assert "divided as declared (p = " in result.output
    assert "levers/none" in result.output
    beside = [line.split() for line in result.output.splitlines() if "(compared with)" in line]
    assert {words[0] for words in beside} == {"champion"}
    told = json.loads(figures.read_bytes())
    assert [found["group"] for found in told["channels"][0]["groups"]] == ["holdout", "levers/none", "champion"]
    assert told["channels"][0]["groups"][0]["high"] < 0
    assert "over holdout" in run("holdout", "--event", "booking").output.lower()
    with pytest.raises(NotFound, match="did you mean 'levers'"):
        run("level")


def test_no_figure_is_lost_where_a_line_is_short(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    asyncio.run(fill(settings, divided_visits(unpack(PACKAGE), 700, 3)))
    said = []
    for columns in ("60", "80", "300"):
        monkeypatch.setenv("COLUMNS", columns)
        said.append(run("levers").output)
    assert not lost(said[0], said[2])
    assert not lost(said[1], said[2])


def test_a_missing_lift_says_why(settings: Settings) -> None:
    asyncio.run(fill(settings, divided_visits(unpack(PACKAGE), 120, 3)))
    said = run("levers").output
    assert said.count("too few persons") == 2 * said.count("(compared with)") > 0
    assert "–" not in said


def test_what_is_declared_but_was_never_met_is_not_called_unknown(settings: Settings) -> None:
    plain = divided_visits(unpack(divided_package("")), 20, 3)
    asyncio.run(fill(settings, plain))
    with pytest.raises(TrainingError, match="'levers' is declared, but nobody was decided for"):
        run("levers")


def test_an_uneven_division_ends_with_status_1(settings: Settings) -> None:
    records = [
        record
        for record in divided_visits(unpack(PACKAGE), 700, 3)
        if not isinstance(record, DecisionRecord)
        or record.decision.group != "levers/none"
        or not str(record.customer).endswith(("1", "2", "3", "4"))
    ]
    asyncio.run(fill(settings, records))
    result = run("levers")
    assert "ALARM" in result.output
    assert result.exit_code == 1
