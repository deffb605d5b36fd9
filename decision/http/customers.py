"""`/v1/customers/{id}` and `/v1/identities`: profiles, and who a visitor is."""

import re
from urllib.parse import unquote_to_bytes

from litestar import Response, delete, get, patch, post, put
from litestar.params import FromPath, JSONBody

from decision.http.authorisation import needs
from decision.http.body import ApiRequest
from decision.http.media import answer, problems
from decision.http.serving import Serving
from decision.service.answer import CustomerAnswer
from decision.service.question import NAME, LinkReport, ProfileForm, ProfilePatch
from rules.errors import Fault, Invalid
from rules.ids import CustomerId, VisitorId


def named(request: ApiRequest, id: str, field: str) -> str:
    """An identifier from the request's path; raises `Invalid` when no body could carry it either."""
    try:
        # Servers put a replacement character where bytes are not UTF-8, so that different paths would name the same.
        unquote_to_bytes(request.scope["raw_path"]).decode()
    except UnicodeDecodeError:
        raise Invalid((Fault(field, "is not UTF-8; percent-encode the bytes of its UTF-8 form"),)) from None
    if not re.fullmatch(NAME, id):
        raise Invalid((Fault(field, "must be 1 to 200 characters without control characters and `/`"),))
    return id


@put(
    "/v1/customers/{customer:str}",
    guards=[needs("profiles")],
    operation_id="putCustomer",
    summary="Set a customer's attributes and consents as a whole",
    responses=problems(400, 401, 403, 409, 413, 415, 500, 503),
    tags=["customers"],
)
async def put_customer(
    request: ApiRequest, customer: FromPath[str], data: JSONBody[ProfileForm], concierge: Serving
) -> Response[CustomerAnswer]:
    """Needs scope `profiles`. What was learned from behaviour stays; send null, or nothing, for an absent attribute."""
    id = CustomerId(named(request, customer, "customer"))
    return answer(request, await concierge.customers.put(id, data))


@patch(
    "/v1/customers/{customer:str}",
    guards=[needs("profiles")],
    operation_id="patchCustomer",
    summary="Change a customer's attributes and consents by JSON merge patch",
    responses=problems(400, 401, 403, 409, 413, 415, 500, 503),
    tags=["customers"],
)
async def patch_customer(
    request: ApiRequest, customer: FromPath[str], data: JSONBody[ProfilePatch], concierge: Serving
) -> Response[CustomerAnswer]:
    """Needs scope `profiles`. Null removes, a missing name keeps (RFC 7396)."""
    id = CustomerId(named(request, customer, "customer"))
    return answer(request, await concierge.customers.patch(id, data))


@get(
    "/v1/customers/{customer:str}",
    guards=[needs("profiles")],
    operation_id="getCustomer",
    summary="A customer's profile as a decision would see it now",
    responses=problems(400, 401, 403, 404, 500, 503),
    tags=["customers"],
)
async def get_customer(request: ApiRequest, customer: FromPath[str], concierge: Serving) -> Response[CustomerAnswer]:
    """Needs scope `profiles`."""
    return answer(request, await concierge.customers.get(CustomerId(named(request, customer, "customer"))))


@delete(
    "/v1/customers/{customer:str}",
    guards=[needs("profiles")],
    operation_id="deleteCustomer",
    summary="Forget a customer and the visitors linked to it",
    responses=problems(400, 401, 403, 404, 503),
    tags=["customers"],
)
async def delete_customer(request: ApiRequest, customer: FromPath[str], concierge: Serving) -> None:
    """Needs scope `profiles`."""
    await concierge.customers.delete(CustomerId(named(request, customer, "customer")))


@post(
    "/v1/identities",
    guards=[needs("profiles")],
    status_code=204,
    operation_id="linkVisitor",
    summary="Say that a visitor is a customer",
    responses=problems(400, 401, 403, 409, 413, 415, 503),
    tags=["customers"],
)
async def link_visitor(data: JSONBody[LinkReport], concierge: Serving) -> None:
    """Needs scope `profiles`. The visitor's behaviour counts for the customer from the next decision on."""
    await concierge.customers.link(data)


@delete(
    "/v1/identities/{visitor:str}",
    guards=[needs("profiles")],
    operation_id="unlinkVisitor",
    summary="Take back that a visitor is a customer",
    responses=problems(400, 401, 403, 404, 409, 503),
    tags=["customers"],
)
async def unlink_visitor(request: ApiRequest, visitor: FromPath[str], concierge: Serving) -> None:
    """Needs scope `profiles`. The visitor keeps the behaviour it came with."""
    await concierge.customers.unlink(VisitorId(named(request, visitor, "visitor")))
