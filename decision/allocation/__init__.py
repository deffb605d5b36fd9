"""Allocation: who of an audience gets what, when stock, volume limits or minimum volumes bind; pure, on arrays alone.

Each place of a limit has a price, every customer takes what is best net of prices, and quotas see to it that no limit
is exceeded. `prices_for` finds prices on a sample, `waves` and `quotas` cut the full pass, `run_course` is the whole
procedure on rows in memory, `plan_for` says what the limits cost.
"""

from decision.allocation.course import Course, run_course, run_greedily
from decision.allocation.left import UNLIMITED, Left
from decision.allocation.plan import LimitFigures, Plan, plan_for
from decision.allocation.pricing import Pricing, Shortfall, first_row, prices_for
from decision.allocation.quotas import quotas, waves
from decision.allocation.rows import Rows, row_of
from decision.allocation.volumes import Volumes

__all__ = [
    "UNLIMITED",
    "Course",
    "Left",
    "LimitFigures",
    "Plan",
    "Pricing",
    "Rows",
    "Shortfall",
    "Volumes",
    "first_row",
    "plan_for",
    "prices_for",
    "quotas",
    "row_of",
    "run_course",
    "run_greedily",
    "waves",
]
