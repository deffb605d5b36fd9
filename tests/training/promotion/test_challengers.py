"""The gate lets a better challenger through, and none that learned from something spoiled."""

from pathlib import Path

from tests.training.hotel import Size
from tests.training.promotion.contest import Contest, told

SMALL = Size(guests=700, visitors=700, web=3600, calls=1800, mails=100, offers=25)


async def test_a_better_challenger_is_promoted_and_a_spoiled_one_is_not(tmp_path: Path) -> None:
    contest = Contest(3, tmp_path, SMALL, 800, 400)
    await contest.begin()
    sound = await contest.sound(0)
    assert sound.true_gain >= 0.05
    assert sound.gate.passed, told(sound)
    for way, culprit in ((5, "gain"), (9, "foreknowledge")):
        spoiled = await contest.spoiled(way)
        assert culprit in {check.name for check in spoiled.gate.failed}, told(spoiled)
