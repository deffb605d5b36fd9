"""`/v1/groups`: who is held out, and who is in which arm of an experiment."""

import re

from litestar import Response, get
from litestar.params import FromQuery

from decision.http.authorisation import needs
from decision.http.body import ApiRequest
from decision.http.media import answer, problems
from decision.http.serving import Serving
from decision.service.answer import GroupsAnswer
from decision.service.question import NAME
from rules.errors import Fault, Invalid
from rules.ids import CustomerId, VisitorId


@get(
    "/v1/groups",
    guards=[needs("profiles")],
    operation_id="getGroups",
    summary="The group of a customer or visitor at every placement",
    responses=problems(400, 401, 403, 503),
    tags=["customers"],
)
async def get_groups(
    request: ApiRequest,
    concierge: Serving,
    customer: FromQuery[str | None] = None,
    visitor: FromQuery[str | None] = None,
) -> Response[GroupsAnswer]:
    """Needs scope `profiles`. A visitor who is linked has the groups of the customer."""
    named = {"customer": customer, "visitor": visitor}
    faults = [
        Fault(field, "must be 1 to 200 characters without control characters and `/`")
        for field, id in named.items()
        if id is not None and not re.fullmatch(NAME, id)
    ]
    if faults:
        raise Invalid(tuple(faults))
    who = None if customer is None else CustomerId(customer), None if visitor is None else VisitorId(visitor)
    return answer(request, await concierge.groups.of(*who))
