"""A small hotel world against the service as its users start it."""

from io import StringIO

import numpy as np
from rich.console import Console

from loadtest.hotel.arrival import import_guests, import_past
from loadtest.hotel.demo import open_demo
from loadtest.hotel.fatigue import Fatigue
from loadtest.hotel.ledger import COLD, RANDOM, Ledger
from loadtest.hotel.round import SLOTS, Round
from loadtest.hotel.world import Size
from loadtest.service_process import free_port

SIZE = Size(guests=40, visitors=30, web=40, calls=20, mails=30)


async def test_a_round_is_served_on_every_channel_and_leaves_its_mark_on_profiles() -> None:
    said = StringIO()
    async with open_demo(Console(file=said), seed=3, port=free_port(), workers=1, size=SIZE) as demo:
        await import_guests(demo.client, demo.world, lambda _: None)
        events = await import_past(demo.client, demo.world, lambda _: None)
        assert events >= demo.world.people.stays.sum()
        ledger = Ledger()
        chosen = np.ones(len(demo.world.visits), np.bool_)
        served: list[int] = []
        round = Round(demo.client, demo.world, ledger, Fatigue(70), number=0, policy=COLD, explore=True, chosen=chosen)
        await round.serve(served.append, mailed=False)
        await round.mail(served.append)
        await round.serve(served.append, mailed=True)
        assert sorted(served) == sorted(demo.world.visits.channel)
        for channel in range(len(SLOTS)):
            standings = [ledger.standing(channel, policy) for policy in (RANDOM, COLD)]
            assert sum(standing.decisions for standing in standings) == len(round.visits(channel))
            assert all(0 < standing.chance < 1 and standing.value > 0 for standing in standings)
            assert all(0 < standing.median_ms <= standing.p99_ms for standing in standings)
        profile = await demo.client.get("/v1/customers/guest-00000")
        assert b'"stays"' in profile
        assert b'"preferred_theme"' in profile
    assert "Published the hotel workspace with its 1,000 offers." in said.getvalue()
    assert not demo.concierge.data.exists()
