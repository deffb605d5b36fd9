"""`concierge replay` over several processes: catalogues that were swapped, and decisions that were tampered with."""

import asyncio
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from decision.command.main import concierge
from decision.journal.reading import open_journal
from decision.journal.record import DecisionRecord
from decision.replay import pages
from decision.replay.pages import Pages
from decision.store.redis import RedisStore
from decision.version.registry import Registry
from models.artefact import Artefact, encode_artefact
from models.model import load_model
from models.rates import Rates
from rules.errors import NotFound
from rules.ids import Instant, OfferId
from rules.instant import format_instant
from rules.package import unpack
from tests.training.journal import write_journal
from tests.training.shop import GOAL, HOME, MINUTE, START, package, visits

EACH = 130


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, valkey_url: str, tmp_path: Path) -> None:
    monkeypatch.setenv("CONCIERGE_STORE", valkey_url)
    monkeypatch.setenv("CONCIERGE_DATA", str(tmp_path))
    monkeypatch.setattr(pages, "PAGE", 50)


def replay(*arguments: str) -> Result:
    return CliRunner().invoke(concierge, ["replay", *arguments])


def journal(url: str, data: Path) -> list[DecisionRecord]:
    """Three stretches of decisions, made with one catalogue, another, and the first again with a model."""
    packages = [package(), package(slots=1)]
    rates = Rates(overall=0.1, offers={HOME: {OfferId("alba-spa"): 0.4, OfferId("corte-family"): 0.02}})
    artefact = Artefact(kind="rates", goal=GOAL, objective="response", created=START, rates=rates)
    model = load_model(encode_artefact(artefact))
    made: list[DecisionRecord] = []
    for number in range(3):
        first = Instant(START + number * EACH * MINUTE)
        made += visits(unpack(packages[number % 2]), EACH, number, model if number == 2 else None, first)[0]
    asyncio.run(_keep(url, data, packages, made, encode_artefact(artefact)))
    return made


async def _keep(
    url: str, data: Path, packages: list[bytes], records: list[DecisionRecord], model: bytes | None = None
) -> None:
    store = RedisStore.connect(url)
    if model is not None:
        await Registry(store).put("model", model, START)
    for blob in packages:
        await Registry(store).put("catalogue", blob, START)
    await write_journal(store, data, records)
    await store.close()


def test_all_are_the_same_in_any_range_and_by_any_number_of_processes(valkey_url: str, tmp_path: Path) -> None:
    journal(valkey_url, tmp_path)
    whole = replay("--processes", "2")
    assert whole.exit_code == 0, whole.output
    assert f"{3 * EACH} of {3 * EACH} decisions are the same bit for bit." in whole.output
    # A range of few pages is done without other processes.
    some = replay("--until", format_instant(Instant(START + EACH * MINUTE)))
    assert f"{EACH} of {EACH} decisions are the same" in some.output


def test_where_nothing_is_compared_nothing_is_proved(valkey_url: str, tmp_path: Path) -> None:
    assert "no decision that was made here" in str(replay().exception)
    journal(valkey_url, tmp_path)
    late = format_instant(Instant(START + 9 * EACH * MINUTE))
    none = replay("--since", late)
    assert none.exit_code == 1
    assert f"no decision from {late} on that was made here" in str(none.exception)
    assert none.output == ""
    assert isinstance(none.exception, NotFound)


def test_what_was_tampered_with_is_named(valkey_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PAGE", 1_000)
    made = journal(valkey_url, tmp_path)
    shown = made[7].decision.offers
    likelier = msgspec.structs.replace(shown[0], probability=shown[0].probability * (1 + 2**-52))
    decision = msgspec.structs.replace(made[7].decision, offers=(likelier, *shown[1:]))
    forged = msgspec.structs.replace(made[7], id=made[7].id[:-1] + "f", decision=decision)
    asyncio.run(_keep(valkey_url, tmp_path, [], [forged]))
    found = replay()
    assert found.exit_code == 1
    assert f"{3 * EACH} of {3 * EACH + 1} decisions are the same" in found.output
    assert f"different: {forged.id}" in found.output


def test_pages_hold_one_version_each_and_every_decision_once(valkey_url: str, tmp_path: Path) -> None:
    made = journal(valkey_url, tmp_path)
    with open_journal(tmp_path) as connection:
        found = Pages(connection, None, None)
        assert [stretch.decisions for stretch in found.stretches] == [EACH] * 3
        assert (found.decisions, len(found)) == (3 * EACH, 3 * 3)
        entries = [found.page(number) for number in range(len(found))]
    assert sum(len(set(page)) for page in entries) == len({entry for page in entries for entry in page}) == len(made)
    assert all(
        sum(record.catalogue.encode() in entry for entry in page) in {0, len(page)}
        for page in entries
        for record in made[::EACH]
    )
