import pytest

from rules.check import check_workspace
from tests.models.small_workspace import FOLDER


def findings(table: str) -> list[tuple[str, str]]:
    toml = (FOLDER / "concierge.toml").read_bytes() + b"\n" + table.encode()
    checked = check_workspace(toml, (FOLDER / "offers.csv").read_bytes(), "offers.csv")
    return [(finding.key, finding.message) for finding in checked.findings]


@pytest.mark.parametrize(
    ("line", "key", "says"),
    [
        ('window = "soon"', "care.window", "not a duration"),
        ('age = "0d"', "care.age", "out of range"),
        ("drift = 0", "care.drift", "above 0"),
        ("miscalibration = -0.5", "care.miscalibration", "above 0"),
        ("degraded = 5", "care.degraded", "between 0 and 1"),
        ("thin = 1.5", "care.thin", "between 0 and 1"),
        ("evidence = 0", "care.evidence", "at least 1"),
        ("drfit = 0.1", "care.drfit", "drift"),
    ],
)
def test_a_bound_that_cannot_be_meant_is_reported(line: str, key: str, says: str) -> None:
    ((found, message),) = findings(f"[care]\n{line}\n")
    assert found == key
    assert says in message


def test_sound_bounds_pass() -> None:
    assert findings('[care]\nwindow = "14d"\ndrift = 0.1\ndegraded = 0\nthin = 1\nevidence = 1\nage = "90d"\n') == []
