"""`/v1/outcomes`: what became of offers that were shown."""

from litestar import Response, post
from litestar.params import JSONBody

from decision.http.authorisation import needs, require
from decision.http.body import ApiRequest
from decision.http.media import answer, problems
from decision.http.serving import Serving
from decision.service.answer import Receipt
from decision.service.question import OutcomeReport, OutcomeReports


@post(
    "/v1/outcomes",
    guards=[needs("outcomes")],
    status_code=202,
    operation_id="reportOutcomes",
    summary="Report what became of offers that were shown",
    responses=problems(400, 401, 403, 409, 413, 415, 503),
    tags=["reports"],
)
async def report_outcomes(
    request: ApiRequest, data: JSONBody[OutcomeReport | OutcomeReports], concierge: Serving
) -> Response[Receipt]:
    """Needs scope `outcomes`, and `admin` where `at` is given; all reports are taken or none, each id once."""
    reports = data if isinstance(data, list) else [data]
    if any(report.at is not None for report in reports):
        require(request.user, "admin")
    return answer(request, await concierge.intake.outcomes(reports), 202)
