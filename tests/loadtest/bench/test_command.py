"""The bench's own command."""

from pathlib import Path

from click.testing import CliRunner

from loadtest.bench.command import bench


def test_a_file_that_cannot_be_written_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    result = CliRunner().invoke(bench, ["--output", str(tmp_path / "nowhere" / "bench.json")])
    assert result.exit_code == 2
    assert "There is no folder" in result.output
