"""`concierge import` as a process, over the embedded store."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from decision.journal.folder import JournalFolder

WORKSPACE = Path("tests/workspaces/small").resolve()
MAPPINGS = {
    "customers": 'id = "id"\n[attributes]\ntier = "tier"\n',
    "events": 'id = "id"\ncustomer = "who"\nkind = {constant = "view"}\nat = "at"\n[attributes]\nbrand = "brand"\n',
    "decisions": 'customer = "who"\nplacement = {constant = "home"}\noffer = "offer"\nat = "at"\nprobability = "p"\n',
}
ROWS = {
    "customers": "id,tier\nann,gold\nben,silver\n",
    "events": "id,who,at,brand\ne1,ann,2026-03-01,Alba\ne2,ann,2026-03-04,Brisa\n",
    "decisions": "who,offer,at,p\nann,alba-spa,2026-03-02,0.5\nann,,2026-03-03,0.5\n",
}


class Shop:
    """A data folder, and files to import into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {**os.environ, "CONCIERGE_DATA": str(folder / "data")}
        for kind, mapping in MAPPINGS.items():
            (folder / f"{kind}.toml").write_text(mapping)

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "decision.command.main", *arguments],
            env=self.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def run(self, *arguments: str) -> tuple[int, str, str]:
        process = self.start(*arguments)
        said, complained = process.communicate(timeout=60)
        return process.returncode, said, complained

    def importing(self, kind: str, rows: str) -> tuple[str, ...]:
        (self.folder / f"{kind}.csv").write_text(rows)
        return ("import", kind, str(self.folder / f"{kind}.csv"), "--mapping", str(self.folder / f"{kind}.toml"))

    def journalled(self) -> list[str]:
        paths = [str(segment.path) for segment in JournalFolder(self.folder / "data").segments()]
        with duckdb.connect() as connection:
            rows = connection.execute("SELECT record FROM read_parquet($1) ORDER BY 1", [paths]).fetchall()
        return [record for (record,) in rows]

    @contextmanager
    def sinking(self) -> Iterator[None]:
        """A sink runs, as beside `concierge serve`."""
        sink = self.start("sink")
        try:
            end = time.monotonic() + 30
            while not (self.folder / "data" / "journal" / "name").exists() and time.monotonic() < end:
                time.sleep(0.05)
            yield
        finally:
            sink.send_signal(signal.SIGTERM)
            sink.communicate(timeout=60)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = Shop(tmp_path)
    status, _, complained = shop.run("publish", str(WORKSPACE))
    assert status == 0, complained
    return shop


def test_history_is_imported_once_with_and_without_a_sink(shop: Shop) -> None:
    with shop.sinking():
        assert shop.run(*shop.importing("customers", ROWS["customers"]))[1].startswith("2 customers imported, 0 were")
        assert shop.run(*shop.importing("events", ROWS["events"]))[1].startswith("2 events imported, 0 were")
    assert shop.run(*shop.importing("decisions", ROWS["decisions"]))[1].startswith("2 decisions imported, 0 were")
    before = shop.journalled()
    assert before == ["decision"] * 2 + ["event"] * 2 + ["profile"] * 2
    for kind in ("events", "decisions"):
        assert shop.run(*shop.importing(kind, ROWS[kind]))[:2] == (
            0, f"0 {kind} imported, 2 were there already, 0 bad rows.\n",
        )  # fmt: skip
    assert shop.journalled() == before


def test_bad_rows_are_listed_with_file_and_line(shop: Shop) -> None:
    status, said, complained = shop.run(*shop.importing("customers", ROWS["customers"] + "cleo,bronze\n"))
    assert (status, said) == (1, "2 customers imported, 0 were there already, 1 bad rows.\n")
    assert f"{shop.folder / 'customers.csv'}: line 4: tier: 'bronze' is not among the declared values" in complained


def test_a_wrong_mapping_is_told_once(shop: Shop) -> None:
    (shop.folder / "customers.toml").write_text('id = "ID"\n[attributes]\ntear = "tier"\n')
    status, said, complained = shop.run(*shop.importing("customers", ROWS["customers"]))
    assert (status, said) == (1, "")
    assert len(complained.strip().splitlines()) == 2
    assert "'ID' is not a column of the file" in complained
    assert "did you mean 'tier'?" in complained


def test_without_a_catalogue_it_says_what_to_do(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    status, _, complained = shop.run(*shop.importing("customers", ROWS["customers"]))
    assert status == 1
    assert "concierge publish" in complained


def test_ctrl_c_ends_between_two_writes_and_the_next_run_takes_the_rest(shop: Shop) -> None:
    rows = "id,who,at,brand\n" + "".join(f"e{n},c{n % 500},2026-03-01,Alba\n" for n in range(20_000))
    command = shop.importing("events", rows)
    process = shop.start(*command)
    journal = shop.folder / "data" / "journal"
    while process.poll() is None and not any(journal.glob("date=*/*.parquet")):
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    said, complained = process.communicate(timeout=60)
    assert process.returncode in {0, 130}, complained
    first = int(said.split(" ")[0].replace(",", ""))
    if process.returncode == 130:
        assert "import it again to take the rest" in complained
    status, said, _ = shop.run(*command)
    assert status == 0
    assert said.startswith(f"{20_000 - first:,} events imported, {first:,} were there already")
    assert shop.journalled() == ["event"] * 20_000
