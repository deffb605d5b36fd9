"""A short month over HTTP with the service as its users start it."""

from loadtest.closed_loop.arm import Arm, Night, live
from loadtest.closed_loop.month import Plan, make_month


async def test_a_month_is_lived_over_http_and_every_night_is_told_of() -> None:
    plan = Plan(days=2, visits=20, guests=12, visitors=15, offer_day=1, taste_day=1)
    month = make_month(7, 1_790_000_000_000, plan)
    nights: list[Night] = []
    path = await live(Arm("uniform", "{ epsilon = 1.0 }"), month, nights)
    assert all(month.allowed(visit)[row] for visit, row in enumerate(path.shown))
    assert (path.value > 0).all()
    assert len(set(path.shown.tolist())) > 20
    # Forty answers teach nothing; that is no failure of the night.
    assert [(night.day, night.result) for night in nights] == [(0, "too little"), (1, "too little")]
