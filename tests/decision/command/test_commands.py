"""The commands of a workspace, its keys and its models, on a real store."""

import asyncio
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from decision.command.main import concierge, main
from decision.keys import volume_key
from decision.store.port import Hold, Settle
from decision.store.redis import RedisStore
from models.artefact import Artefact, encode_artefact
from rules.errors import ArtefactError, ConciergeError, Invalid, NotFound, WorkspaceError
from rules.ids import GoalId, Instant, VolumeId
from tests.decision.small_workspace import FOLDER

VERSION = re.compile(r"\b[0-9a-f]{16}\b")


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "workspace"))


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, valkey_url: str, tmp_path: Path) -> None:
    monkeypatch.setenv("CONCIERGE_STORE", valkey_url)
    monkeypatch.setenv("CONCIERGE_DATA", str(tmp_path / "data"))


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(concierge, [str(argument) for argument in arguments])


def succeed(*arguments: str | Path) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


def fail(error: type[ConciergeError], *arguments: str | Path) -> str:
    result = run(*arguments)
    assert isinstance(result.exception, error), result.output
    return f"{result.output}{result.exception}"


def edit(workspace: Path, old: str, new: str) -> None:
    file = workspace / "concierge.toml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_a_file_that_cannot_be_read_is_named_alone(workspace: Path) -> None:
    (workspace / "concierge.toml").write_text("[")
    said = run("check", workspace).output
    assert "concierge.toml: is not TOML" in said
    with pytest.raises(Invalid, match=r"concierge\.toml: is not TOML"):
        CliRunner().invoke(concierge, ["simulate", "--workspace", str(workspace)], catch_exceptions=False)


def test_check_accepts_a_sound_workspace(workspace: Path) -> None:
    assert "can be published" in succeed("check", workspace)


def test_check_lists_every_mistake(workspace: Path) -> None:
    edit(workspace, 'holds = "customer.member"', 'holds = "customer.membr"')
    edit(workspace, "slots = 2", "slots = -2")
    result = run("check", workspace)
    assert result.exit_code == 1
    assert "2 errors" in result.output
    assert "membr" in result.output


def test_a_folder_without_its_files_is_refused(tmp_path: Path, workspace: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "concierge.toml" in fail(Invalid, "check", tmp_path / "empty")
    (workspace / "offers.parquet").touch()
    assert "both exist" in fail(Invalid, "publish", workspace)


def test_publish_and_roll_back(workspace: Path) -> None:
    (first,) = VERSION.findall(succeed("publish", workspace))
    assert "nothing" not in succeed("publish", workspace)
    edit(workspace, "slots = 3", "slots = 2")
    second, before = VERSION.findall(succeed("publish", workspace))
    assert before == first
    assert VERSION.findall(succeed("rollback")) == [first, second]
    fail(NotFound, "rollback")


def test_a_broken_workspace_is_not_published(workspace: Path) -> None:
    (first,) = VERSION.findall(succeed("publish", workspace))
    edit(workspace, 'holds = "customer.member"', 'holds = "customer.membr"')
    assert "membr" in fail(WorkspaceError, "publish", workspace)
    edit(workspace, "customer.membr", "customer.member")
    edit(workspace, "slots = 3", "slots = 1")
    assert VERSION.findall(succeed("publish", workspace))[1] == first


def test_keys_are_created_listed_and_revoked() -> None:
    secret = succeed("keys", "create", "--client", "shop", "--scope", "decide:web", "--scope", "outcomes").strip()
    assert secret.startswith("concierge_")
    listed = succeed("keys", "list")
    assert "shop" in listed
    assert secret not in listed
    (id,) = re.findall(r"\b[0-9a-f]{12}\b", listed)
    assert "shop" in succeed("keys", "revoke", id)
    assert "shop" not in succeed("keys", "list")
    fail(NotFound, "keys", "revoke", id)
    assert run("keys", "create", "--client", "shop", "--scope", "decide:fax").exit_code == 2


def test_models_are_published_listed_shown_and_activated(tmp_path: Path) -> None:
    versions = []
    for evidence in (10, 20):
        artefact = Artefact(
            kind="rates", goal=GoalId("accept"), objective="response", created=Instant(0), evidence=evidence
        )
        (tmp_path / "model").write_bytes(encode_artefact(artefact))
        stored = succeed("model", "publish", tmp_path / "model")
        assert "gate: not checked" in stored
        versions += VERSION.findall(stored)
    assert all(version in succeed("model", "list") for version in versions)
    shown = succeed("model", "show", versions[0])
    assert "10 shown offers" in shown
    assert "not checked by the gate: stored by command line" in shown
    activated = succeed("model", "activate", versions[0])
    assert "Gate: not checked." in activated
    assert VERSION.findall(activated) == versions
    assert VERSION.findall(succeed("rollback", "--model", "accept"))[0] == versions[1]
    assert "no model in use for a goal 'nope'; goals with one: accept" in fail(NotFound, "rollback", "--model", "nope")
    fail(NotFound, "model", "show", "0123456789abcdef")


def test_a_model_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(b"tree\n\xff\xfe")
    assert "is no text" in fail(ArtefactError, "model", "adopt", tmp_path / "model", "--goal", "accept")


def test_the_sink_moves_once_and_ends() -> None:
    assert "Moved 0 records" in succeed("sink", "--once")


def test_every_command_is_listed_and_helps() -> None:
    output = succeed("--help")
    for command in (
        "check",
        "publish",
        "rollback",
        "keys",
        "serve",
        "sink",
        "import",
        "replay",
        "train",
        "model",
        "demo",
    ):
        assert command in output
        assert "Usage" in succeed(command, "--help")


def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONCIERGE_WORKRES", "2")
    assert "CONCIERGE_WORKRES" in fail(Invalid, "keys", "list")


def test_volumes_tell_what_is_taken_held_and_left(workspace: Path, valkey_url: str) -> None:
    fail(NotFound, "volumes")
    file = workspace / "concierge.toml"
    limit = '[[volume]]\nid = "mails"\nper = "theme"\nat_most = 1500\nwithin = "day"\nzone = "Asia/Tokyo"\n'
    file.write_text(file.read_text() + limit + '[[volume]]\nid = "all"\nat_most = 9\n')
    succeed("publish", workspace)

    async def take() -> None:
        store = RedisStore.connect(valkey_url)
        counter = volume_key(VolumeId("mails"), None, "spa", "2026-04-02")
        await store.hold([Hold(counter, "a", 1200, 1500, None), Hold(counter, "b", 20, 1500, None)])
        await store.write([Settle(counter, "a", 1200)])
        await store.close()

    asyncio.run(take())
    told = succeed("volumes", "--at", "2026-04-01T15:00:00Z")
    assert re.search(r"mails\W+spa\W+2026-04-02\W+1,200\W+20\W+280\W+1,500", told)
    assert "Of 4 more nothing is taken" in told
    assert "spa" not in succeed("volumes", "--at", "2026-04-01T14:59:59Z")
    everything = succeed("volumes", "--all")
    assert re.search(r"all\W+total\W+0\W+0\W+9\W+9", everything)
    assert "nothing is taken" not in everything


def test_every_fault_of_an_input_begins_with_who_says_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["concierge", "keys", "create", "--client", " ", "--scope", "admin"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert capsys.readouterr().err == "concierge: --client: give the key's user a name\n"
