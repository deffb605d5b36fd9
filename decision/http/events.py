"""`/v1/events`: behaviour outside decisions, as our own reports or as CloudEvents."""

from litestar import Response, post
from litestar.params import JSONBody

from decision.http.authorisation import needs, require
from decision.http.cloud_events import EventRequest
from decision.http.media import answer, problems
from decision.http.serving import Serving
from decision.service.answer import Receipt
from decision.service.question import EventReport, EventReports


@post(
    "/v1/events",
    guards=[needs("outcomes")],
    request_class=EventRequest,
    status_code=202,
    operation_id="reportEvents",
    summary="Report behaviour outside decisions",
    responses=problems(400, 401, 403, 409, 413, 415, 503),
    tags=["reports"],
)
async def report_events(
    request: EventRequest, data: JSONBody[EventReport | EventReports], concierge: Serving
) -> Response[Receipt]:
    """Needs scope `outcomes`, and `admin` where `at` is given; all reports are taken or none, each id once.

    CloudEvents are taken in structured, batched and binary mode: `type` is the kind, `subject` the customer unless
    `data` names a `customer` or `visitor`, and `data` may hold `attributes` and `value`; `time` counts only with scope
    `admin`, because behaviour is otherwise taken to happen when it is reported.
    """
    reports = data if isinstance(data, list) else [data]
    if any(report.at is not None for report in reports):
        require(request.user, "admin")
    return answer(request, await concierge.intake.events(reports), 202)
