"""`concierge evaluate`, from a journal in a real store to figures on the screen, in a file and on a page."""

import asyncio
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from decision.settings import Settings
from decision.store.opening import open_store
from decision.version.registry import Registry
from models.artefact import Artefact, encode_artefact
from models.rates import Rates
from rules.errors import NotFound
from rules.ids import Instant, OfferId
from rules.instant import format_instant
from tests.training.command.running import NOW, VISITS, lost, run
from tests.training.shop import GOAL, HOME, MINUTE, START
from training.command.evaluate import evaluate
from training.errors import TrainingError

SINCE = format_instant(Instant(START + VISITS * MINUTE // 2))


def stored(settings: Settings, offer: str, activate: bool) -> str:
    """The version of a stored model that likes one offer."""

    async def store_it() -> str:
        rates = Rates(overall=0.05, offers={HOME: {OfferId(offer): 0.3}})
        artefact = Artefact(kind="rates", goal=GOAL, objective="response", created=START, rates=rates)
        async with open_store(settings) as store:
            registry = Registry(store)
            version = await registry.put("model", encode_artefact(artefact), START, "test", {})
            if activate:
                await registry.activate("model", version, GOAL)
            return version

    return asyncio.run(store_it())


def test_policies_stand_beside_each_other(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    figures, page = tmp_path / "figures.json", tmp_path / "page.html"
    stored(settings, "corte-family", activate=True)
    other = stored(settings, "brisa-spa", activate=False)
    said = run(
        evaluate,
        "--now",
        NOW,
        "--since",
        SINCE,
        "--model",
        other,
        "--json",
        str(figures),
        "--html",
        str(page),
        "--slates",
    )
    evaluation = json.loads(figures.read_bytes())
    assert evaluation["decisions"] == VISITS // 2
    policies = ["champion", "greedy", other, "constant", "uniform", "logged"]
    assert [row["policy"] for row in evaluation["comparisons"]] == policies
    assert [row["policy"] for row in evaluation["slates"]] == [name for name in policies if name != "greedy"]
    for row in evaluation["slates"]:
        for values in (row["cascade"], row["rank_by_rank"]):
            assert list(values["estimates"]) == ["IPS", "SNIPS", "DM", "DR", "Switch-DR"]
            assert values["estimates"]["DR"]["low"] < values["estimates"]["DR"]["high"]
            assert 0 < values["support"]["effective_sample_size"] <= values["support"]["decisions"]
    assert "What whole slates would have earned (cascade)" in said
    for row in evaluation["comparisons"]:
        assert row["policy"] in said
        for estimator in ("ips", "snips", "dr", "switch_dr"):
            assert row[estimator]["low"] < row[estimator]["value"] < row[estimator]["high"]
        assert row["dr"]["sure_low"] < row["dr"]["low"]
        assert row["support"]["refusal"] == ""
    champion, greedy, rival = (row["gain"] for row in evaluation["comparisons"][:3])
    assert champion["value"] > rival["value"], "half the guests like Corte, and none Brisa"
    exploring = evaluation["exploring"]["home"]
    assert exploring["value"] == pytest.approx(champion["value"] - greedy["value"])
    assert exploring["high"] < 0, "half of what it shows is drawn from all"
    assert "What exploring earns" in said

    drawn = page.read_text(encoding="utf-8")
    HTMLParser().feed(drawn)
    assert drawn.count("<svg") == drawn.count("</svg>") == 3 + len(policies) + 2
    assert not re.search(r"https?:|<script|<link|src=|@import|url\(", drawn), "the page asks nobody for anything"
    assert all(policy in drawn for policy in policies)
    assert "What exploring earns" in drawn
    assert "Whole slates (rank by rank)" in drawn
    assert "nan" not in drawn

    monkeypatch.setenv("COLUMNS", "300")
    wide = run(evaluate, "--now", NOW, "--since", SINCE, "--json", str(tmp_path / "again.json"))
    assert not lost(said, wide), "no figure is lost where a line is short"
    again = json.loads((tmp_path / "again.json").read_bytes())
    assert [row for row in again["comparisons"] if row["policy"] != other] == [
        row for row in evaluation["comparisons"] if row["policy"] != other
    ], "the same figures, bit for bit, whoever stands beside"


def test_what_a_placement_did_is_a_policy_too(settings: Settings, tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    said = run(evaluate, "--now", NOW, "--since", SINCE, "--decided", "home", "--json", str(figures))
    assert "silence" in said
    home, silence = json.loads(figures.read_bytes())["reaches"]
    assert (home["policy"], home["contacts"], home["gain"]) == ("home", 1.0, 0.0)
    assert silence["contacts"] == 0.0
    with pytest.raises(TrainingError, match=f"{VISITS // 2} not decided for elsewhere"):
        run(evaluate, "--now", NOW, "--since", SINCE, "--decided", "elsewhere")
    with pytest.raises(NotFound, match="model version"):
        run(evaluate, "--model", "0" * 16)


def test_the_challenger_is_judged_and_without_a_training_the_latest_fifth(settings: Settings, tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    rival = stored(settings, "corte-family", activate=False)

    async def challenge() -> None:
        async with open_store(settings) as store:
            await Registry(store).challenge(GOAL, rival)

    asyncio.run(challenge())
    said = run(evaluate, "--now", NOW, "--model", rival, "--json", str(figures))
    evaluation = json.loads(figures.read_bytes())
    assert evaluation["decisions"] == pytest.approx(VISITS // 5, abs=1)
    policies = ["champion", "greedy", "challenger", "constant", "uniform", "logged"]
    assert [row["policy"] for row in evaluation["comparisons"]] == policies
    assert evaluation["constant"] in said
    assert evaluation["constant"].startswith(("alba", "corte")), "what guests liked before"
