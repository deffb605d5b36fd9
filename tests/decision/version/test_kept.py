"""What was made of a blob is given again for equal bytes, as long as it is one of the last few."""

import pytest

from decision.engine.engine import decide
from decision.engine.replaying import same_decision
from decision.engine.request import DecisionRequest
from decision.subject.profile import EMPTY_PROFILE
from decision.version.assembly import Making, Order, assemble
from decision.version.kept import Kept
from models.artefact import Artefact, encode_artefact, version_of
from models.model import load_model
from models.rates import Rates
from rules.check import check_workspace
from rules.contact import NO_CONTACTS
from rules.errors import ArtefactError
from rules.ids import GoalId
from rules.package import pack, unpack
from tests.decision.small_workspace import FOLDER, NOW

TOML = (FOLDER / "concierge.toml").read_bytes()
OFFERS = (FOLDER / "offers.csv").read_bytes()
ACCEPT = GoalId("accept")


def test_equal_bytes_give_the_same_thing_until_others_came() -> None:
    kept: Kept[list[bytes]] = Kept(lambda blob: [blob], 2)
    first = kept.get(b"one")
    second = kept.get(b"two")
    assert kept.get(bytes(bytearray(b"one"))) is first
    kept.get(b"three")
    assert kept.get(b"one") is first
    assert kept.get(b"two") is not second
    put = [b"else"]
    kept.put(b"three", put)
    assert kept.get(b"three") is put


def test_what_cannot_be_made_is_refused_each_time() -> None:
    kept = Kept(load_model, 2)
    for _ in range(2):
        with pytest.raises(ArtefactError):
            kept.get(b"nothing")


def test_a_checked_workspace_and_a_verified_model_are_assembled_as_anew() -> None:
    blob = pack(TOML, OFFERS, "offers.csv")
    model = encode_artefact(
        Artefact(kind="rates", goal=ACCEPT, objective="response", created=NOW, rates=Rates(overall=0.2))
    )
    catalogues, models = Kept(unpack, 2), Kept(load_model, 2)
    checked = check_workspace(TOML, OFFERS, "offers.csv").catalogue
    assert checked is not None
    catalogues.put(blob, checked)
    order = Order((checked.version, blob), {ACCEPT: ((version_of(model), model),)})
    anew = assemble(order, NOW).snapshot
    again = assemble(order, NOW, Making(catalogues.get, models.get)).snapshot
    assert anew is not None
    assert again is not None
    assert again.catalogue is checked
    assert again.models[ACCEPT] is models.get(model)
    for placement in anew.placements:
        for seed in range(20):
            first, second = (
                decide(DecisionRequest(placement), EMPTY_PROFILE, NO_CONTACTS, each, NOW, seed)
                for each in (anew, again)
            )
            assert same_decision(first, second)
