"""A challenger is asked about what was decided, and changes nothing of it."""

import msgspec
import numpy as np

from decision.engine.engine import decide_judged
from decision.engine.replaying import same_decision
from decision.engine.request import DecisionRequest
from decision.engine.snapshot import Snapshot
from decision.engine.weighing import weigh
from decision.journal.record import DecisionRecord, decode_record, encode_record
from decision.subject.profile import Profile
from models.artefact import Artefact, encode_artefact
from models.model import Model, load_model
from models.rates import Rates
from rules.contact import NO_CONTACTS
from rules.division import HOLDOUT
from rules.ids import GoalId, Instant, OfferId, PlacementId
from tests.decision.journal.records import decision
from tests.decision.small_workspace import NOW, small_catalogue
from tests.models.small_model import trained

GOAL, HOME = GoalId("accept"), PlacementId("home")
PROFILE = Profile({"tier": "gold", "member": True, "age": 41})
GREEDY = {"placements": {"home": {"exploration": {"epsilon": 0.0, "temperature": 0.0}}}}


def rates(best: str | None = None) -> Model:
    """A model that likes one offer a hundred times as much as the others."""
    offers = {} if best is None else {HOME: {OfferId(best): 0.9}}
    artefact = Artefact(
        kind="rates", goal=GOAL, objective="response", created=Instant(1), rates=Rates(overall=0.009, offers=offers)
    )
    return load_model(encode_artefact(artefact))


def test_the_shadow_is_what_the_challenger_would_have_decided_and_leaves_the_decision_as_it_is() -> None:
    catalogue = small_catalogue(GREEDY)
    champion, challenger = load_model(encode_artefact(trained()[0])), rates("corte-spa")
    request = DecisionRequest(HOME)
    alone = Snapshot.build(catalogue, {GOAL: champion})
    both = Snapshot.build(catalogue, {GOAL: champion}, challengers={GOAL: challenger})
    other = Snapshot.build(catalogue, {GOAL: challenger})
    for seed in range(5):
        made, codes, shadow = decide_judged(request, PROFILE, NO_CONTACTS, both, NOW, seed)
        expected, verdicts, none = decide_judged(request, PROFILE, NO_CONTACTS, alone, NOW, seed)
        assert same_decision(made, expected)
        assert (codes.tolist(), none) == (verdicts.tolist(), None)
        own = decide_judged(request, PROFILE, NO_CONTACTS, other, NOW, seed).decision
        assert shadow is not None
        assert shadow.model == challenger.version
        assert shadow.first == own.offers[0].offer == "corte-spa"
        assert shadow.agrees == (made.offers[0].offer == "corte-spa")
        weighing = weigh(request, PROFILE, NO_CONTACTS, other, NOW)
        places = [weighing.placement.bound.position[shown.offer] for shown in made.offers]
        np.testing.assert_array_equal(shadow.predictions, weighing.prediction[places])


def test_a_challenger_that_is_the_champion_agrees() -> None:
    champion = load_model(encode_artefact(trained()[0]))
    both = Snapshot.build(small_catalogue(GREEDY), {GOAL: champion}, challengers={GOAL: champion})
    made, _, shadow = decide_judged(DecisionRequest(HOME), PROFILE, NO_CONTACTS, both, NOW, 1)
    assert shadow is not None
    assert shadow.agrees
    assert shadow.predictions == tuple(shown.propensity for shown in made.offers)


def test_nobody_is_asked_where_no_model_is_or_nothing_may_be_shown() -> None:
    champion = load_model(encode_artefact(trained()[0]))
    both = Snapshot.build(small_catalogue(GREEDY), {GOAL: champion}, challengers={GOAL: rates()})
    for without in ("model", "store"):
        gone = frozenset({without})
        assert decide_judged(DecisionRequest(HOME), PROFILE, NO_CONTACTS, both, NOW, 1, gone).shadow is None
    held = decide_judged(DecisionRequest(HOME), PROFILE, NO_CONTACTS, both, NOW, 1, group=HOLDOUT)
    assert held.shadow is None


def test_a_shadow_is_kept_in_the_journal_and_old_records_have_none() -> None:
    champion = load_model(encode_artefact(trained()[0]))
    both = Snapshot.build(small_catalogue(GREEDY), {GOAL: champion}, challengers={GOAL: champion})
    shadow = decide_judged(DecisionRequest(HOME), PROFILE, NO_CONTACTS, both, NOW, 1).shadow
    record = msgspec.structs.replace(decision("a" * 32), shadow=shadow)
    kept = decode_record(encode_record(record))
    assert isinstance(kept, DecisionRecord)
    assert kept.shadow == shadow
    fields = msgspec.msgpack.decode(encode_record(record))
    del fields["shadow"]
    old = decode_record(msgspec.msgpack.encode(fields))
    assert isinstance(old, DecisionRecord)
    assert old.shadow is None
