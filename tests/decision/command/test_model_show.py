"""`concierge model show` on a real store: what a model looks at, and how it does in use."""

import asyncio
import re
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from decision.care.report import Calibrated, CalibratedDay, CareReport, Evidence, GoalCare, decode_report, encode_report
from decision.command.main import concierge
from decision.engine.request import Shadow
from decision.journal.journal import Journal
from decision.keys import CARE_REPORT
from decision.store.redis import RedisStore
from models.artefact import encode_artefact, version_of
from models.reference import Shift, Stability
from rules.ids import Instant, OfferId
from rules.instant import parse_instant
from tests.decision.journal.records import NOW as JOURNAL_NOW
from tests.decision.journal.records import decision
from tests.decision.small_workspace import DAY, FOLDER
from tests.models.small_model import GOAL, trained

NOW = parse_instant("2026-04-15T10:00:00Z")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, valkey_url: str, tmp_path: Path) -> None:
    monkeypatch.setenv("CONCIERGE_STORE", valkey_url)
    monkeypatch.setenv("CONCIERGE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "160")


def succeed(*arguments: str | Path) -> str:
    result = CliRunner().invoke(concierge, [str(argument) for argument in arguments])
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


def test_a_model_in_use_is_shown_with_what_it_looks_at_and_what_was_found(tmp_path: Path, valkey_url: str) -> None:
    succeed("publish", FOLDER)
    blob = encode_artefact(trained()[0])
    version = version_of(blob)
    (tmp_path / "model").write_bytes(blob)
    succeed("model", "publish", tmp_path / "model")
    unseen = succeed("model", "show", version)
    assert "Nobody has looked at it" in unseen
    first, *_ = (line for line in unseen.splitlines() if "offer_" in line and "│" in line)
    assert "offer_price" in first

    found = GoalCare(
        version=version,
        created=Instant(NOW - 2 * DAY),
        trained=True,
        shown=9_000,
        drift={
            "customer_age": Stability(0.3, 0.01, Shift("61 to 99", 0.1, 0.3)),
            "customer_tier": Stability(0.01, 0.02),
        },
        prediction=Stability(0.123, 0.01),
        calibrated=Calibrated(0.9, -1.5, (CalibratedDay("2026-04-14", 500, 0.05, 0.045),)),
        evidence=Evidence(12, 3, (1, 2, 4, 9, 12), ((OfferId("alba-spa"), 0),)),
        warnings=("feature customer_age has drifted",),
    )

    report = CareReport(
        made=NOW,
        present=NOW,
        decisions=400,
        fallbacks=3,
        degraded={"profile": 27},
        goals={GOAL: found},
        warnings=("6.75 % of the last day's 400 decisions went without 'profile'",),
    )

    async def look() -> None:
        store = RedisStore.connect(valkey_url)
        await store.put(CARE_REPORT, encode_report(report))
        await store.close()

    asyncio.run(look())
    told = succeed("model", "show", version)
    for words in (
        "looked at 2026-04-15T10:00:00Z",
        "up to 2026-04-15T10:00:00Z: 2 warnings",
        "! feature customer_age has drifted",
        "! decisions: 6.75 % of the last day's 400 decisions went without 'profile'",
        "61 to 99: once 10 %, now 30 %",
        "1 below 1, 2 below 10, 4 below 100, 9 below 1000, 12 below 10000; 3 below 20 (bound 0.5 of all)",
        "age: 2.0 days (bound 30d)",
        "of all goals: 400, 3 of them fallbacks, 27 without profile (bound 0.05 of all)",
        "alba-spa 0",
        "0.900 times what was predicted came, -1.5 standard errors off",
        "stability index 0.123",
        "Drift of features in 9000 shown offers",
        "2026-04-14",
    ):
        assert words in told
    assert told.index("customer_age ", told.index("Drift of features")) < told.index(
        "customer_tier ", told.index("Drift of")
    )


def test_no_figure_is_lost_where_a_line_is_short(
    tmp_path: Path, valkey_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    succeed("publish", FOLDER)
    names = [f"figure_{number}" for number in range(15)]
    metrics = {
        row: {name: 1.00001 + place + number for number, name in enumerate(names)}
        for place, row in enumerate(("champion", "model", "uniform"))
    }
    artefact = msgspec.structs.replace(trained()[0], metrics=metrics)
    (tmp_path / "model").write_bytes(encode_artefact(artefact))
    succeed("model", "publish", tmp_path / "model")
    told, listed = succeed("model", "show", version_of(encode_artefact(artefact))), succeed("model", "list")
    for name in names:
        assert name in told
    for figures in metrics.values():
        for figure in figures.values():
            assert f" {figure:.6g} " in told
    assert re.search(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S*Z", listed)
    assert f" {artefact.evidence} " in listed
    assert "…" not in told + listed


def test_a_challenger_is_shown_with_what_it_would_have_done(tmp_path: Path, valkey_url: str) -> None:
    succeed("publish", FOLDER)
    blob = encode_artefact(trained()[0])
    version = version_of(blob)
    (tmp_path / "model").write_bytes(blob)
    succeed("model", "publish", tmp_path / "model", "--no-activate")
    assert "challenger" not in succeed("model", "show", version)
    succeed("model", "challenge", version)
    assert "challenger" not in succeed("model", "show", version)
    shadow = Shadow(version, OfferId("alba-spa"), False, (0.5,))

    async def append() -> None:
        store = RedisStore.connect(valkey_url)
        for record in (
            msgspec.structs.replace(decision("d1"), shadow=shadow),
            decision("d2", JOURNAL_NOW + 8 * DAY),
        ):
            await Journal(store, tmp_path / "data").append(record)
        await store.close()

    asyncio.run(append())
    succeed("sink", "--once")
    told = succeed("model", "show", version)
    assert "asked about 1 decisions of the last 7d, it liked the same offer best in 0.0 %" in told
    assert "of 1 first offers whose window has passed 0 came each; it predicted 0.5 (squared error 0.25), the" in told


def test_the_sink_leaves_a_report_on_what_it_moved(tmp_path: Path, valkey_url: str) -> None:
    succeed("publish", FOLDER)

    async def report() -> CareReport | None:
        store = RedisStore.connect(valkey_url)
        (blob,) = await store.get_many([CARE_REPORT])
        await store.close()
        return None if blob is None else decode_report(blob)

    async def append() -> None:
        store = RedisStore.connect(valkey_url)
        await Journal(store, tmp_path / "data").append(decision("d1"))
        await store.close()

    succeed("sink", "--once")
    assert asyncio.run(report()) is None
    asyncio.run(append())
    assert "Moved 1 records" in succeed("sink", "--once")
    found = asyncio.run(report())
    assert found is not None
    assert (found.decisions, found.degraded) == (1, {"profile": 1})
    assert len(found.warnings) == 1
