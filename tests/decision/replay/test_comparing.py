"""What is made again is compared with what the journal holds, a challenger's part included."""

import msgspec

from decision.engine.engine import decide_judged
from decision.engine.replaying import inputs_of
from decision.engine.snapshot import Snapshot
from decision.journal.record import encode_record
from decision.replay.comparing import Comparing
from decision.store.memory import MemoryStore
from decision.version.registry import Registry
from models.artefact import Artefact, encode_artefact
from models.model import load_model
from models.rates import Rates
from rules.ids import OfferId
from rules.package import unpack
from tests.training.shop import GOAL, HOME, START, package, visits


async def test_what_a_challenger_would_have_done_is_made_again_too() -> None:
    store = MemoryStore()
    liked = ({OfferId("alba-spa"): 0.4}, {OfferId("corte-spa"): 0.6})
    artefacts = [
        Artefact(kind="rates", goal=GOAL, objective="response", created=START, rates=Rates(offers={HOME: offers}))
        for offers in liked
    ]
    champion, challenger = (load_model(encode_artefact(artefact)) for artefact in artefacts)
    for artefact in artefacts:
        await Registry(store).put("model", encode_artefact(artefact), START)
    await Registry(store).put("catalogue", package(), START)
    catalogue = unpack(package())
    snapshot = Snapshot.build(catalogue, {GOAL: champion}, challengers={GOAL: challenger})
    records, shadows = [], []
    for record in visits(catalogue, 20, 1, champion)[0]:
        given = inputs_of(record)
        made = decide_judged(record.request, given.profile, given.history, snapshot, record.now, record.seed)
        assert made.shadow is not None
        assert not made.shadow.agrees
        shadows.append(made.shadow)
        records.append(msgspec.structs.replace(record, decision=made.decision, shadow=made.shadow))
    comparing = Comparing(store)
    assert (await comparing.compare([encode_record(record) for record in records])).equal == len(records)
    forged = msgspec.structs.replace(shadows[3], agrees=True)
    altered = msgspec.structs.replace(records[3], shadow=forged)
    assert (await comparing.compare([encode_record(altered)])).different == (altered.id,)
