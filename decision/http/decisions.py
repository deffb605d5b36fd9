"""`/v1/decisions`: decide and explain."""

from collections.abc import Mapping
from time import perf_counter

import msgspec
from litestar import Response, get, post
from litestar.datastructures import ResponseHeader
from litestar.params import FromPath, FromQuery, JSONBody

from decision.access.api_keys import ApiKey
from decision.engine.explanation import Explanation
from decision.http.authorisation import known, require
from decision.http.body import ApiRequest
from decision.http.call import Call
from decision.http.media import answer, encode, problems
from decision.http.reply import Reply
from decision.http.serving import Serving
from decision.service.admission import Ask, admit
from decision.service.answer import DecisionAnswer
from decision.service.concierge import Concierge
from decision.service.lap import Stage, untimed
from decision.service.question import DecisionQuestion
from decision.service.stopwatch import Stopwatch
from rules.errors import Forbidden
from rules.ids import DecisionId
from rules.workspace import Channel

PATH = "/v1/decisions"

_TIMED = "Milliseconds by stage, in order, where `timing` asks for them: `load;dur=0.412, facts;dur=0.020, …`."


def allow(concierge: Concierge, key: ApiKey, question: DecisionQuestion) -> Ask:
    """The question, admitted, if the key may ask it; raises `Invalid` or `Forbidden`."""
    ask = admit(question, concierge.refresher.snapshot, concierge.clock())
    require(key, f"decide:{ask.channel}")
    if ask.at is not None:
        require(key, "admin")
    return ask


async def reply_to(call: Call, key: ApiKey, question: DecisionQuestion, concierge: Concierge, timing: bool) -> Reply:
    """The decision, as a reply to the caller with a key; raises `Invalid` or `Forbidden`."""
    lap = Stopwatch(perf_counter, call.begun) if timing else untimed
    ask = allow(concierge, key, question)
    lap("admit")
    reply = encode(call, await concierge.deciding.decide(ask, lap=lap))
    lap("answer")
    if not isinstance(lap, Stopwatch):
        return reply
    return msgspec.structs.replace(reply, headers={"Server-Timing": server_timing(lap.stages)})


@post(
    PATH,
    guards=[known],
    status_code=200,
    operation_id="decide",
    summary="Decide which offers a subject should see",
    responses=problems(400, 401, 403, 413, 415, 503),
    response_headers=[ResponseHeader("Server-Timing", value="", description=_TIMED, documentation_only=True)],
    tags=["decisions"],
)
async def decide(
    request: ApiRequest, data: JSONBody[DecisionQuestion], concierge: Serving, timing: FromQuery[bool] = False
) -> Response[DecisionAnswer]:
    """Needs scope `decide:CHANNEL` of the placement's channel, and `admin` as well where `at` is given.

    With `timing` the answer's header `Server-Timing` says where the time went.
    """
    return (await reply_to(request, request.user, data, concierge, timing)).response()


def server_timing(stages: Mapping[Stage, float]) -> str:
    """The header of that name (W3C Server Timing): milliseconds by stage, and of all of them."""
    durations = [*stages.items(), ("total", sum(stages.values()))]
    return ", ".join(f"{stage};dur={seconds * 1000:.3f}" for stage, seconds in durations)


@get(
    "/v1/decisions/{decision:str}",
    guards=[known],
    operation_id="explain",
    summary="Explain a decision by making it again from the journal",
    responses=problems(401, 403, 404, 503),
    tags=["decisions"],
)
async def explain(request: ApiRequest, decision: FromPath[str], concierge: Serving) -> Response[Explanation]:
    """Needs scope `decide:CHANNEL` of the channel it was decided for: whoever may decide there may see why."""

    def allow_channel(channel: Channel | None) -> None:
        require(request.user, "admin" if channel is None else f"decide:{channel}")

    if not any(scope == "admin" or scope.startswith("decide:") for scope in request.user.scopes):
        raise Forbidden(f"The key of {request.user.client!r} has no scope to decide, so it cannot see decisions.")
    return answer(request, await concierge.explaining.explain(DecisionId(decision), allow_channel))
