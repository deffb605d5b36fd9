"""An audience is everybody once, in a fixed order, in chunks; a line that names nobody is refused."""

from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from decision.campaign.audience import Audience, AudienceWriter, audience_in
from decision.campaign.folder import CampaignFolder
from rules.errors import Invalid
from rules.ids import CustomerId


def written(path: Path, names: list[CustomerId], chunk: int, by_name: bool = False) -> tuple[Audience, list[str]]:
    with AudienceWriter(path / "audience.parquet") as writer:
        writer.add_all(names)
        audience = writer.write(chunk, by_name)
    folder = CampaignFolder(path)
    chunks = [folder.customers(number) for number in range(-(-audience.customers // chunk))]
    assert {len(some) for some in chunks[:-1]} <= {chunk}
    return audience, [name for some in chunks for name in some]


def test_everybody_is_there_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    drawn = Random(5)
    names = [CustomerId(f"c{drawn.randrange(20_000)}") for _ in range(30_000)]
    audience, found = written(tmp_path, names, 700)
    assert found == list(dict.fromkeys(names))
    assert audience == Audience(len(found), 30_000 - len(found))
    assert [path.name for path in tmp_path.iterdir()] == ["audience.parquet"]


def test_a_segment_is_sorted_by_name(tmp_path: Path) -> None:
    _, found = written(tmp_path, [CustomerId(name) for name in ("b", "é", "a", "b", "c")], 2, by_name=True)
    assert found == ["a", "b", "c", "é"]


def test_tables_of_all_kinds_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('customer,x\nann,1\n"b,ob",2\n')
    pq.write_table(pa.table({"x": [1, 2], "customer": ["ann", "b,ob"]}), tmp_path / "a.parquet")
    (tmp_path / "a.ndjson").write_text('{"customer":"ann"}\n{"x":1,"customer":"b,ob"}\n')
    for ending in ("csv", "parquet", "ndjson"):
        assert list(audience_in(tmp_path / f"a.{ending}")) == ["ann", "b,ob"]
    pq.write_table(pa.table({"customer": [7, 8]}), tmp_path / "numbers.parquet")
    assert list(audience_in(tmp_path / "numbers.parquet")) == ["7", "8"]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("customer,x\nann,1\n,2\n", "line 3: has no customer"),
        ("customer\na/b\n", "line 2: 'a/b' is no name"),
        ("customer,x\nann\n", "line 2: has 1 cells"),
        ("guest\nann\n", "has no column 'customer'"),
    ],
)
def test_a_line_that_names_nobody_is_refused(tmp_path: Path, rows: str, said: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(rows)
    with pytest.raises(Invalid) as error:
        list(audience_in(path))
    assert said in str(error.value)
