import msgspec
import pytest

from rules.shape import entry_keys, shape
from rules.workspace import Workspace
from tests.rules.small_workspace import TOML

SMALL = msgspec.toml.decode(TOML)


def test_a_document_that_fits_comes_through_unchanged() -> None:
    workspace, mistakes, broken = shape(SMALL, Workspace)
    assert workspace == msgspec.toml.decode(TOML, type=Workspace)
    assert (mistakes, broken) == ((), frozenset())


@pytest.mark.parametrize(
    "document", [{}, {"name": []}, {"attributes": 1, "placements": "x", "goals": [1], "rules": {}}]
)
def test_any_document_gives_a_workspace_and_says_what_it_lacks(document: object) -> None:
    workspace, mistakes, broken = shape(document, Workspace)
    assert isinstance(workspace, Workspace)
    assert mistakes
    assert {key for key, _ in mistakes} <= broken


def test_every_place_can_be_wrong_and_is_found() -> None:
    """Replaces each value of the document in turn by one that fits nowhere."""

    def places(value: object, path: tuple[str | int, ...]) -> list[tuple[str | int, ...]]:
        items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        return [path, *(place for key, item in items for place in places(item, (*path, key)))]

    def spoilt(value: object, path: tuple[str | int, ...]) -> object:
        if not path:
            return msgspec.NODEFAULT
        copy = dict(value) if isinstance(value, dict) else list(value) if isinstance(value, list) else value
        copy[path[0]] = spoilt(copy[path[0]], path[1:])  # type: ignore[index]
        return copy

    every = places(SMALL, ())[1:]
    assert len(every) > 150
    for path in every:
        workspace, mistakes, broken = shape(spoilt(SMALL, path), Workspace)
        assert isinstance(workspace, Workspace)
        assert len(mistakes) == 1, path
        assert broken, path


def test_entries_are_called_by_their_name_or_their_number() -> None:
    assert entry_keys("rules", ["a", "", "a", "b"]) == ["rules.a", "rules[2]", "rules[3]", "rules.b"]
