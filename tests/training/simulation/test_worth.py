"""What a simulation says a change is worth, against a world whose truth is known."""

import asyncio
import json
import math
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from decision.command.main import concierge
from decision.journal.record import DecisionRecord
from decision.store.redis import RedisStore
from decision.version.registry import Registry
from rules.ids import DecisionId, Duration, Instant, OfferId, PlacementId
from rules.package import pack, unpack
from tests.training.journal import write_journal
from tests.training.shop import GOAL, SMALL, START, response
from tests.training.simulation.lives import HOUR, lives
from training.material.question import Question
from training.simulation.valuing import Rank, Valued
from training.simulation.worth import Worth, worths

VISITS, EVERY = 1_400, HOUR
BEFORE = "{ epsilon = 0.1, temperature = 0.3 }"
TRIED = "{ epsilon = 0.4, temperature = 1.0 }"


def workspace(factor: float) -> str:
    """The small workspace, exploring much, with a lever on one brand."""
    toml = (SMALL / "concierge.toml").read_text().replace(BEFORE, TRIED)
    lever = f'[[levers]]\nid = "corte"\nkind = "permanent"\nfactor = {factor}\nscope = {{ brand = ["Corte"] }}\n\n'
    return toml.replace("[[contact_policy]]", f"{lever}[[contact_policy]]", 1)


def truth(records: list[DecisionRecord]) -> float:
    """What slates on the web are worth on average, by the world's own chances."""
    home = [record for record in records if record.request.placement == "home"]
    worth = 0.0
    for record in home:
        person = int(str(record.customer).removeprefix("guest-"))
        tier = "gold" if person % 2 else "silver"
        worth += sum(response(tier, shown.offer, shown.rank) * shown.value for shown in record.decision.offers)
    return worth / len(home)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, valkey_url: str, tmp_path: Path) -> str:
    monkeypatch.setenv("CONCIERGE_STORE", valkey_url)
    monkeypatch.setenv("CONCIERGE_DATA", str(tmp_path / "data"))
    return valkey_url


def simulate(folder: Path, toml: str, *words: str) -> Any:
    changed = Path(shutil.copytree(SMALL, folder / "changed"))
    (changed / "concierge.toml").write_text(toml)
    figures = folder / "figures.json"
    found = CliRunner().invoke(concierge, ["simulate", "--workspace", str(changed), "--json", str(figures), *words])
    assert found.exit_code == 0, (found.output, found.exception)
    return json.loads(figures.read_bytes(), object_hook=lambda fields: SimpleNamespace(**fields))


def test_the_gain_of_a_lever_is_foreseen_and_what_the_log_never_tried_is_refused(
    environment: str, tmp_path: Path
) -> None:
    offers = (SMALL / "offers.csv").read_bytes()
    blob, other = (pack(workspace(factor).encode(), offers, "offers.csv") for factor in (1.0, 5.0))
    decisions, outcomes = lives(unpack(blob), VISITS, 5, every=EVERY)

    async def prepare() -> None:
        store = RedisStore.connect(environment)
        registry = Registry(store)
        await registry.activate("catalogue", await registry.put("catalogue", blob, START))
        await write_journal(store, tmp_path / "data", [*decisions, *outcomes])
        await store.close()

    asyncio.run(prepare())
    found = simulate(tmp_path, workspace(5.0))
    gain = truth(lives(unpack(other), VISITS, 5, every=EVERY)[0]) - truth(decisions)
    by_channel = {one.channel: one for one in found.worths}
    web = by_channel["web"]
    assert abs(gain) > 0.5, "a change that does nothing shows nothing"
    error = (web.high - web.low) / 4
    assert abs(web.gain - gain) < 2.5 * error, (web.gain, error, gain)
    assert error < 2.0
    # The call centre always shows its best, so the log cannot tell what others would have brought there.
    refused = by_channel["call-center"]
    assert "never tried" in refused.support.refusal
    assert (refused.gain, refused.changed.value) == (None, None)
    assert refused.present.value is not None, "it made the log"


def test_either_side_needs_its_own_support() -> None:
    def ranks(chances: tuple[float, float]) -> tuple[Rank, ...]:
        return (Rank(OfferId("a"), 1.0, 0.5, chances, (0.5, 0.5, 0.5), (math.nan, math.nan)),)

    def found(chances: tuple[float, float]) -> Worth:
        home, ids = PlacementId("home"), range(100)
        valued = [Valued(DecisionId(f"d{at}"), f"p{at}", GOAL, home, "web", ranks(chances)) for at in ids]
        return worths(valued, {GOAL: (Question(GOAL, "accept", Duration(1), "response", Instant(0)), {})})[0]

    one, other, both = found((0.1, 0.5)), found((0.5, 0.1)), found((0.5, 0.5))
    assert [math.isnan(each.present.value) for each in (one, other, both)] == [True, False, False]
    assert [math.isnan(each.changed.value) for each in (one, other, both)] == [False, True, False]
    assert [math.isnan(each.gain) for each in (one, other, both)] == [True, True, False]
    assert [bool(each.refusal) for each in (one, other, both)] == [True, True, False]
