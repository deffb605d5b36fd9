import msgspec
import pytest

from decision.engine.engine import decide
from decision.engine.explanation import explain
from decision.engine.replaying import replay, same_decision
from decision.engine.request import DecisionRequest
from decision.engine.snapshot import Snapshot
from decision.journal.record import DecisionRecord, decode_record, encode_record
from decision.subject.profile import Profile, encode_profile
from rules.contact import NO_CONTACTS
from rules.errors import Conflict
from rules.ids import CatalogueVersion, DecisionId, ModelVersion, PlacementId
from tests.decision.small_workspace import NOW, small_catalogue, small_snapshot, snapshot_with

PROFILE = Profile({"tier": "gold", "age": 41, "spend": 12.5})
REQUEST = DecisionRequest(PlacementId("home"), {"destination": "Faro", "party": 2})


def journalled(seed: int = 7) -> DecisionRecord:
    record = DecisionRecord(
        id=DecisionId("a" * 32),
        written=NOW,
        now=NOW,
        seed=seed,
        customer=None,
        visitor=None,
        request=REQUEST,
        profile=encode_profile(PROFILE),
        contacts=b"",
        catalogue=CatalogueVersion("small"),
        model=None,
        decision=decide(REQUEST, PROFILE, NO_CONTACTS, small_snapshot(), NOW, seed),
    )
    read = decode_record(encode_record(record))
    assert isinstance(read, DecisionRecord)
    return read


def test_a_record_is_decided_again_bit_for_bit_by_a_snapshot_built_anew() -> None:
    anew = Snapshot.build(small_catalogue(), {})
    for seed in range(10):
        record = journalled(seed)
        assert same_decision(replay(record, anew), record.decision)


def test_an_altered_record_is_found_out() -> None:
    record = journalled()
    first, *others = record.decision.offers
    slightly = msgspec.structs.replace(first, probability=first.probability * (1.0 + 2.0**-52))
    altered = msgspec.structs.replace(
        record, decision=msgspec.structs.replace(record.decision, offers=(slightly, *others))
    )
    assert explain(record, small_snapshot()).replayed_equal is True
    assert explain(altered, small_snapshot()).replayed_equal is False


def test_another_catalogue_or_model_is_refused() -> None:
    with pytest.raises(Conflict, match="catalogue small, not other"):
        replay(journalled(), snapshot_with({}, "other"))
    with pytest.raises(Conflict, match="model m1, not none"):
        replay(msgspec.structs.replace(journalled(), model=ModelVersion("m1")), small_snapshot())


def test_a_decision_of_another_system_is_told_by_what_it_showed() -> None:
    imported = msgspec.structs.replace(journalled(), source="import", catalogue=CatalogueVersion("elsewhere"))
    with pytest.raises(Conflict, match="imported"):
        replay(imported, small_snapshot())
    explanation = explain(imported, small_snapshot())
    assert explanation.replayed_equal is None
    assert [offer.offer for offer in explanation.offers] == [offer.offer for offer in imported.decision.offers]


def test_an_explanation_gives_features_as_words_and_numbers() -> None:
    told = {offer.offer: offer for offer in explain(journalled(), small_snapshot()).offers}
    features = next(offer for name, offer in told.items() if name == "corte-family").features
    assert features["offer_theme"] == "family"
    assert features["customer_tier"] == "gold"
    assert features["context_party"] == 2.0
    assert features["customer_country"] is None
    assert set(features) == set(small_snapshot().features.names)


def test_an_explanation_names_the_levers_in_force() -> None:
    told = {offer.offer: offer for offer in explain(journalled(), small_snapshot()).offers}
    levers = {str(name): (offer.levers, offer.levers_in_force) for name, offer in told.items()}
    assert levers["corte-family"] == (1.5, ("corte-spring",))
    assert levers["alba-family"] == (1.2, ("house-brands",))


def test_an_explanation_is_json_whatever_it_holds() -> None:
    assert b"NaN" not in msgspec.json.encode(explain(journalled(), small_snapshot()))
