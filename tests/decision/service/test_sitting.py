"""What is ready in one tick is decided in one sitting, each as if it were alone."""

import asyncio
from random import Random

import msgspec
import pytest

from decision.engine.replaying import same_decision
from decision.service.admission import Ask
from decision.service.concierge import Concierge
from decision.service.lap import Stage, untimed
from decision.service.made import Draw, Made, draw_now, make
from decision.service.sitting import Sitting
from decision.subject.state import NOBODY
from rules.errors import NotFound
from rules.ids import PlacementId
from tests.decision.service.conftest import NOW, ask


@pytest.fixture
def asks(concierge: Concierge) -> list[tuple[Ask, Draw]]:
    random = Random(5)
    asked = [ask(concierge, "home", None) for _ in range(5)]
    return [(one, draw_now(lambda: NOW, random, one, NOBODY)) for one in asked]


async def test_each_comes_out_as_if_it_were_alone_and_in_its_turn(asks: list[tuple[Ask, Draw]]) -> None:
    sitting = Sitting(most=3)
    told: list[tuple[int, Stage]] = []

    async def make_one(number: int) -> Made:
        one, draw = asks[number]
        return await sitting.make(one, NOBODY, (), draw, lambda stage: told.append((number, stage)))

    tasks = [asyncio.create_task(make_one(number)) for number in range(5)]
    await asyncio.sleep(0)
    assert told == []
    await asyncio.sleep(0)
    # The others have not begun when the first ones can go on.
    assert [number for number, stage in told if stage == "load"] == [0, 1, 2]
    made = await asyncio.gather(*tasks)
    assert [number for number, stage in told if stage == "load"] == [0, 1, 2, 3, 4]
    assert told == sorted(told, key=lambda each: each[0])
    alone = [make(one, NOBODY, (), draw, falls_back=True) for one, draw in asks]
    assert all(same_decision(one.decision, other.decision) for one, other in zip(made, alone, strict=True))
    assert len({one.draw.id for one in made}) == 5


async def test_who_has_gone_or_fails_costs_the_others_nothing(asks: list[tuple[Ask, Draw]]) -> None:
    sitting = Sitting()
    begun: list[str] = []
    (first, draw), (second, other) = asks[:2]
    unknown = msgspec.structs.replace(first.request, placement=PlacementId("unknown"))
    gone = sitting.make(first, NOBODY, (), draw, begun.append)
    wrong = sitting.make(msgspec.structs.replace(first, request=unknown), NOBODY, (), draw, untimed)
    left = sitting.make(second, NOBODY, (), other, untimed)
    gone.cancel()
    assert (await left).draw == other
    with pytest.raises(NotFound):
        await wrong
    assert begun == []
