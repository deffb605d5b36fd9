"""`/v1/decisions`: decide and explain."""

from litestar import Response, get, post
from litestar.params import FromPath, JSONBody

from decision.access.api_keys import ApiKey
from decision.engine.explanation import Explanation
from decision.http.authorisation import known, require
from decision.http.body import ApiRequest
from decision.http.media import answer, problems
from decision.http.serving import Serving
from decision.service.admission import Ask, admit
from decision.service.answer import DecisionAnswer
from decision.service.concierge import Concierge
from decision.service.question import DecisionQuestion
from rules.errors import Forbidden
from rules.ids import DecisionId
from rules.workspace import Channel


def allow(concierge: Concierge, key: ApiKey, question: DecisionQuestion) -> Ask:
    """The question, admitted, if the key may ask it; raises `Invalid` or `Forbidden`."""
    ask = admit(question, concierge.refresher.snapshot, concierge.clock())
    require(key, f"decide:{ask.channel}")
    if ask.at is not None:
        require(key, "admin")
    return ask


@post(
    "/v1/decisions",
    guards=[known],
    status_code=200,
    operation_id="decide",
    summary="Decide which offers a subject should see",
    responses=problems(400, 401, 403, 413, 415, 503),
    tags=["decisions"],
)
async def decide(request: ApiRequest, data: JSONBody[DecisionQuestion], concierge: Serving) -> Response[DecisionAnswer]:
    """Needs scope `decide:CHANNEL` of the placement's channel, and `admin` as well where `at` is given."""
    ask = allow(concierge, request.user, data)
    return answer(request, await concierge.deciding.decide(ask))


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
