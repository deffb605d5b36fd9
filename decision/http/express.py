"""The express way: a route's own function is called at once, past what Litestar does before and after any function."""

from litestar.types import ASGIApp, Receive, Scope, Send

from decision.http.authorisation import identify
from decision.http.body import ApiRequest
from decision.http.media import send_answer


def express(app: ASGIApp) -> ASGIApp:  # noqa: ARG001
    """Middleware that answers in the place of the route behind it.

    Litestar takes most of the time of an empty call to find guards, dependencies and arguments and to make a response.
    It still finds the route, describes it from its declaration, and turns what is raised into a problem.
    """
    return _answer


async def _answer(scope: Scope, receive: Receive, send: Send) -> None:
    request = ApiRequest(scope, receive, send)
    await identify(request)
    response = await request.route_handler.fn(
        request=request, data=await request.json(), concierge=request.app.state.concierge, timing=request.wants_timing
    )
    await send_answer(response, send)
