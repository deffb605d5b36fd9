"""The shape of the tree: small files, telling names, and nothing that ties the project to one machine."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("rules", "models", "decision", "training", "loadtest", "tests")
TRACKED = tuple(
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    if (ROOT / name).is_file()
)
PYTHON = tuple(path for path in TRACKED if path.suffix == ".py")
LONGEST_FILE = 300


def test_no_python_file_is_longer_than_three_hundred_lines() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in PYTHON}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_files_are_named_by_a_concept() -> None:
    vague = {"utils", "util", "helpers", "helper", "common", "misc", "base", "stuff"}
    assert [str(path.relative_to(ROOT)) for path in PYTHON if path.stem in vague] == []


def test_every_package_is_listed_in_the_project_file() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    packages = {
        str(path.parent.relative_to(ROOT)).replace("/", ".")
        for path in PYTHON
        if path.name == "__init__.py" and path.relative_to(ROOT).parts[0] in ROOMS[:-1]
    }
    assert {package for package in packages if f'"{package}"' not in project} == set()


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-dev.txt", "requirements-bench.txt"])
def test_pinned_requirements_hold_names_versions_and_hashes_only(lock: str) -> None:
    allowed = re.compile(r"[A-Za-z0-9_.\-\[\],]+==\S+( ; [^\\]+)?( \\)?|    --hash=sha256:[0-9a-f]{64}( \\)?")
    lines = (ROOT / lock).read_text().splitlines()
    assert [line for line in lines if not allowed.fullmatch(line)] == []


def test_no_file_names_a_package_index_or_a_machine_path() -> None:
    forbidden = re.compile(
        "|".join(
            [
                "py" + r"pi\.org",
                "index" + "-url",
                "find" + "-links",
                "files.python" + "hosted",
                r"/wo" + "rk/",
                r"/ro" + "ot/",
            ]
        )
    )
    hits = [str(path.relative_to(ROOT)) for path in TRACKED if forbidden.search(path.read_text(errors="replace"))]
    assert hits == []


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-dev.txt", "requirements-bench.txt"])
def test_the_locks_match_the_project_file(lock: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = {
        "requirements.txt": project["project"]["dependencies"],
        "requirements-dev.txt": [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]],
        "requirements-bench.txt": [
            *project["project"]["dependencies"],
            *project["project"]["optional-dependencies"]["bench"],
        ],
    }[lock]
    names = [re.split(r"[\[><=]", requirement)[0] for requirement in wanted]
    pinned = (ROOT / lock).read_text()
    assert names
    assert [name for name in names if not re.search(rf"^{name}(\[|==)", pinned, re.MULTILINE)] == []
