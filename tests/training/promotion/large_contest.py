"""`make gate`: of fifty challengers that learned from something spoiled none is promoted, of fifty better ones most.

The better ones truly earn at least 5 % more than the champion, as the hotel world itself tells.
"""

import os
from itertools import pairwise
from pathlib import Path

from tests.training.hotel import Size
from tests.training.promotion.contest import Contest, Tried, told

EACH = int(os.environ.get("GATE", "50"))
BETTER = 0.05
PASSING = 0.8
"""Share of the better challengers that must pass."""
PER_HOUSE = 5
CHAMPIONS = ((3_000, 0), (4_500, 0), (1_500, 11_700))
"""What champions learned from, house by house: so many first visits, or their successors of all until such a visit."""
LARGE = Size(guests=1500, visitors=1500, web=9000, calls=5000, mails=500)


async def test_of_many_challengers_the_sound_pass_and_the_spoiled_do_not(tmp_path: Path) -> None:
    sound: list[Tried] = []
    spoiled: list[Tried] = []
    worse = house = 0
    while len(sound) < EACH or len(spoiled) < EACH:
        house += 1
        folder = tmp_path / str(house)
        folder.mkdir()
        first, second = CHAMPIONS[house % len(CHAMPIONS)]
        contest = Contest(house, folder, LARGE, first, 1000, second)
        await contest.begin()
        for number in range(PER_HOUSE):
            if len(sound) < EACH:
                tried = await contest.sound(number)
                print(f"{house:3} sound    {told(tried)}", flush=True)
                worse += tried.true_gain < BETTER
                sound += [tried] if tried.true_gain >= BETTER else []
            if len(spoiled) < EACH:
                tried = await contest.spoiled(len(spoiled))
                print(f"{house:3} spoiled  {told(tried)}", flush=True)
                spoiled.append(tried)
    passed = sum(tried.gate.passed for tried in sound)
    slipped = sum(tried.gate.passed for tried in spoiled)
    gains = sorted(tried.true_gain for tried in sound)
    print(
        f"Promoted: {passed} of {len(sound)} sound challengers that truly earn {gains[0]:.0%} to {gains[-1]:.0%} more "
        f"(median {gains[len(gains) // 2]:.0%}; {worse} others were not that good), and {slipped} of {len(spoiled)} "
        "spoiled ones."
    )
    for low, high in pairwise((BETTER, 0.15, 0.3, float("inf"))):
        within = [tried for tried in sound if low <= tried.true_gain < high]
        through = sum(tried.gate.passed for tried in within)
        print(f"Of true gains from {low:.0%} to {high:.0%}: {through} of {len(within)}.")
    assert slipped == 0
    assert passed >= PASSING * len(sound)
