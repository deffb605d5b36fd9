"""Where figures cannot be written, a command says so before it works."""

import os
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from decision.command.output_file import OUTPUT_FILE


@click.command()
@click.argument("file", type=OUTPUT_FILE)
def work(file: Path) -> None:
    click.echo("worked")
    file.write_text("done")


def run(file: Path) -> Result:
    return CliRunner().invoke(work, [str(file)])


def test_a_file_in_a_folder_is_written_new_or_again(tmp_path: Path) -> None:
    for _ in range(2):
        assert run(tmp_path / "figures.json").exit_code == 0


def test_a_missing_folder_is_named_before_the_work(tmp_path: Path) -> None:
    result = run(tmp_path / "nowhere" / "figures.json")
    assert result.exit_code == 2
    assert f"There is no folder '{tmp_path / 'nowhere'}'" in result.output
    assert "worked" not in result.output


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert run(tmp_path).exit_code == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_to_is_named_before_the_work(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    result = run(tmp_path / "figures.json")
    tmp_path.chmod(0o700)
    assert result.exit_code == 2
    assert "Nothing may be written" in result.output
