"""Where figures cannot be written, a command says so before it works."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from click.testing import CliRunner, Result

from decision.command.output_file import OUTPUT_FILE

NOBODY = 65534


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


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root may write anywhere, so it is somebody else for a while."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_folder_that_may_not_be_written_to_is_named_before_the_work() -> None:
    # Not in pytest's own folder, into which nobody else may look.
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o555)
        with as_nobody():
            result = run(Path(folder) / "figures.json")
        Path(folder).chmod(0o700)
    assert result.exit_code == 2
    assert "Nothing may be written" in result.output
