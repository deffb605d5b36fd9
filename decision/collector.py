"""How often the garbage collector looks for cycles where decisions are made or their records moved."""

import gc

YOUNG = 10_000
"""So many more containers than were there at the last look bring the next one; Python's own 700 are two decisions."""


def collect_seldom() -> None:
    """Look for cycles seldom: decisions under way hold containers that are no garbage, and were walked all the time.

    What decisions leave behind has no cycles but where something fails, and goes by itself.
    """
    gc.set_threshold(YOUNG)
