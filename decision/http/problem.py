"""Errors as RFC 9457 problem documents: one table from exception to status."""

from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.status_codes import HTTP_500_INTERNAL_SERVER_ERROR

from decision.http.reply import Reply
from decision.logs import log
from rules.errors import (
    MOST_FAULTS,
    ArtefactError,
    ConciergeError,
    Conflict,
    Damaged,
    ExpressionError,
    Fault,
    Forbidden,
    Invalid,
    NotFound,
    Unauthorised,
    Unavailable,
    WorkspaceError,
)

PROBLEM_TYPE = "application/problem+json"

STATUS: dict[type[ConciergeError], tuple[int, str]] = {
    Invalid: (400, "The request is not valid"),
    Unauthorised: (401, "An API key is needed"),
    Forbidden: (403, "The API key lacks a scope"),
    NotFound: (404, "Not found"),
    Conflict: (409, "The state changed meanwhile"),
    WorkspaceError: (422, "The workspace cannot be published"),
    ExpressionError: (422, "An expression is refused"),
    ArtefactError: (422, "The model cannot be served"),
    Damaged: (500, "What is stored cannot be read"),
    Unavailable: (503, "Not available at the moment"),
}
"""Status and title of every error that Concierge raises on purpose."""

_TITLES = {
    400: "The request is not valid",
    404: "No such route",
    405: "The method is not allowed here",
    413: "The body is too large",
    415: "The media type is not supported",
}


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """A problem document; `errors` lists the invalid fields, up to `MOST_FAULTS` of them."""

    title: str
    status: int
    detail: str
    errors: tuple[Fault, ...] = ()
    type: str = "about:blank"


def problem_of(error: Exception) -> Problem:
    """The problem document of an exception; anything unforeseen is a 500 that gives nothing away."""
    if isinstance(error, ConciergeError):
        status, title = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), (500, "Internal error"))
        return Problem(title, status, _detail(error), _named(error)[:MOST_FAULTS])
    if isinstance(error, ValidationException):
        return Problem(_TITLES[400], 400, error.detail, _faults_of(error))
    if isinstance(error, HTTPException):
        return Problem(_TITLES.get(error.status_code, "The request failed"), error.status_code, error.detail)
    return Problem("Internal error", HTTP_500_INTERNAL_SERVER_ERROR, "Something unforeseen happened; the log has it.")


def _detail(error: ConciergeError) -> str:
    """What went wrong, at most a few sentences long."""
    if not isinstance(error, Invalid):
        return str(error)
    found = len(error.faults)
    if found > MOST_FAULTS:
        return f"There are more than {MOST_FAULTS} faults; `errors` names the first of them."
    return "There is one fault; `errors` names it." if found == 1 else f"There are {found} faults; `errors` names them."


def _named(error: ConciergeError) -> tuple[Fault, ...]:
    """What is wrong, place by place."""
    if isinstance(error, Invalid):
        return error.faults
    if isinstance(error, WorkspaceError):
        return tuple(Fault(finding.place, finding.message) for finding in error.findings)
    return ()


def _faults_of(error: ValidationException) -> tuple[Fault, ...]:
    """The fields that Litestar itself found wrong: path, query, or a body that is missing altogether."""
    found = error.extra if isinstance(error.extra, list) else []
    return tuple(
        Fault("body", "is missing; send one")
        if entry.get("key", "data") == "data"
        else Fault(str(entry["key"]), str(entry.get("message", "")))
        for entry in found
        if isinstance(entry, dict)
    )


def problem_reply(path: str, error: Exception) -> Reply:
    """The reply to a call of a path that failed; unforeseen errors are logged with their traceback."""
    problem = problem_of(error)
    if problem.status >= HTTP_500_INTERNAL_SERVER_ERROR:
        log.error("request_failed", path=path, status=problem.status, exc_info=error)
    headers = {"WWW-Authenticate": "Bearer"} if problem.status == 401 else {}
    if problem.status == 503:
        headers["Retry-After"] = "1"
    return Reply(msgspec.json.encode(problem), PROBLEM_TYPE, problem.status, headers)


def answer_problem(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """`problem_reply`, for Litestar to send."""
    return problem_reply(request.scope["path"], error).response()
