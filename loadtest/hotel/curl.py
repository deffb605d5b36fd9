"""Three calls to try by hand once the demo has run."""

import msgspec
from rich.console import Console

from loadtest.hotel.account import visit_context
from loadtest.hotel.demo import Demo, make_key
from loadtest.hotel.round import PLACEMENTS
from loadtest.hotel.visits import CALL, WEB
from loadtest.messages import Question

_SCOPES = ("decide:web", "decide:call-center", "decide:email")


async def print_curl_lines(console: Console, demo: Demo) -> None:
    """A decision for the web and one for a call, and the explanation of a decision made just now."""
    key = await make_key(demo.concierge, "curl", _SCOPES)
    web, call = _visit(demo, WEB), _visit(demo, CALL)
    asked = _question(demo, web)
    slate, _ = await demo.client.decide(asked)
    console.print("\nTry it (Ctrl+C ends the service):", style="bold")
    for path, body in (
        ("/v1/decisions", asked),
        ("/v1/decisions", _question(demo, call)),
        (f"/v1/decisions/{slate.decision}", None),
    ):
        # An explanation holds a reason for each of a thousand offers; its beginning tells how it reads.
        data = " | head -c 3000" if body is None else f" -H 'content-type: application/json' -d '{_text(body)}'"
        line = f"curl -s {demo.address}{path} -H 'authorization: Bearer {key}'{data}"
        # Lines to copy must not be broken or coloured.
        console.print(line, soft_wrap=True, markup=False, highlight=False)


def _visit(demo: Demo, channel: int) -> int:
    """A visit by a guest who searched for a destination."""
    visits = demo.world.visits
    fits = (visits.channel == channel) & visits.searched & (visits.person < demo.world.people.guests)
    return int(fits.argmax())


def _question(demo: Demo, visit: int) -> Question:
    world = demo.world
    customer = world.people.id(int(world.visits.person[visit]))
    context = visit_context(world.people, world.visits, visit)
    return Question(PLACEMENTS[int(world.visits.channel[visit])], customer=customer, context=context)


def _text(question: Question) -> str:
    return msgspec.json.encode(question).decode().replace("'", "'\\''")
