import msgspec
import pytest

from rules.errors import WorkspaceError
from rules.package import Package, pack, read_package, unpack, version_of
from tests.rules.small_workspace import OFFERS, TOML, check, replaced

FILES = (TOML.encode(), OFFERS.encode(), "offers.csv")


def test_a_catalogue_is_named_by_its_content_and_comes_back_whole() -> None:
    blob = pack(*FILES)
    assert blob == pack(*FILES)
    catalogue = unpack(blob)
    checked = check().catalogue
    assert checked is not None
    assert catalogue.version == checked.version == version_of(blob)
    assert len(catalogue.version) == 16
    assert catalogue.workspace == checked.workspace
    assert catalogue.offers.ids == checked.offers.ids
    assert read_package(blob) == Package(*FILES)
    assert version_of(pack(FILES[0], FILES[1] + b"\n", FILES[2])) != catalogue.version


def test_a_blob_that_is_no_package_says_to_publish_again() -> None:
    with pytest.raises(WorkspaceError, match="publish it again"):
        unpack(b"nothing")
    with pytest.raises(WorkspaceError, match="newer Concierge"):
        unpack(msgspec.msgpack.encode(Package(*FILES, format=2)))


def test_a_version_with_errors_cannot_be_served_and_says_which() -> None:
    broken = replaced(TOML, "slots = 3", "slots = 'three'").encode()
    with pytest.raises(WorkspaceError) as caught:
        unpack(pack(broken, *FILES[1:]))
    assert [finding.key for finding in caught.value.findings] == ["placements.home.slots"]


def test_a_version_with_an_expression_that_is_refused_names_it() -> None:
    refused = replaced(TOML, 'holds = "customer.member"', 'holds = "customer.member +"').encode()
    with pytest.raises(WorkspaceError, match=r"refuses rules\.members-rates\.holds"):
        unpack(pack(refused, *FILES[1:]))
