"""The OpenAPI document at `/schema`: Litestar's, completed by what it cannot know."""

from typing import Any

import msgspec
from litestar import Request
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import OpenAPIRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

from decision.http.bulk import NDJSON
from decision.http.call import JSON, MSGPACK
from decision.http.cloud_events import BATCHED, STRUCTURED
from decision.http.versions import ModelUpload, WorkspaceUpload
from decision.service.question import (
    DecisionQuestion,
    EventReport,
    LinkReport,
    OutcomeReport,
    ProfileForm,
    ProfilePatch,
)

Node = dict[str, Any]

MERGE_PATCH = "application/merge-patch+json"

FORMS = (
    DecisionQuestion,
    OutcomeReport,
    EventReport,
    LinkReport,
    ProfileForm,
    ProfilePatch,
    WorkspaceUpload,
    ModelUpload,
)
"""What callers send; a field that is not in them is refused."""


class SchemaPlugin(OpenAPIRenderPlugin):
    """Serves the completed document as JSON."""

    def __init__(self) -> None:
        super().__init__(path="/", media_type="application/vnd.oai.openapi+json")  # type: ignore[arg-type]

    def render(self, request: Request[Any, Any, Any], openapi_schema: Node) -> bytes:  # noqa: ARG002
        """The document."""
        return msgspec.json.encode(complete(openapi_schema))


def describe(version: str) -> OpenAPIConfig:
    """How the document begins."""
    return OpenAPIConfig(
        title="Concierge",
        version=version,
        description="Which few of many offers should one customer see now, and why.",
        path="/schema",
        render_plugins=[SchemaPlugin()],
        components=Components(
            security_schemes={
                "key": SecurityScheme(type="http", scheme="bearer", description="`concierge keys create`.")
            }
        ),
    )


def complete(document: Node) -> Node:
    """The document with every media type that is taken where it is, and keys where they are needed."""
    _allow_overlap(document)
    for form in FORMS:
        document["components"]["schemas"][form.__name__]["additionalProperties"] = False
    for path, item in document["paths"].items():
        for operation in item.values():
            if path.startswith("/v1/"):
                operation["security"] = [{"key": []}]
                _add_msgpack(operation)
    bulk = document["paths"]["/v1/decisions/bulk"]["post"]
    bulk["requestBody"] = {"required": True, "content": {NDJSON: {"schema": {"type": "string"}}}}
    bulk["responses"]["200"] = {
        "description": "One line for each line, in order.",
        "content": {NDJSON: {"schema": {"type": "string"}}},
    }
    patch = document["paths"]["/v1/customers/{customer}"]["patch"]["requestBody"]["content"]
    patch[MERGE_PATCH] = patch[JSON]
    events = document["paths"]["/v1/events"]["post"]["requestBody"]["content"]
    events[STRUCTURED] = {"schema": {"type": "object", "required": ["id", "source", "type", "specversion"]}}
    events[BATCHED] = {"schema": {"type": "array", "items": events[STRUCTURED]["schema"]}}
    ready = document["paths"]["/health/ready"]["get"]["responses"]
    ready["503"] = {**ready["200"], "description": "Not ready; the body says what stands in the way."}
    return document


def _allow_overlap(node: object) -> None:
    """Say `anyOf` for unions: a whole number is an integer and a number, which `oneOf` forbids."""
    if isinstance(node, dict):
        if "oneOf" in node:
            node["anyOf"] = node.pop("oneOf")
        for value in node.values():
            _allow_overlap(value)
    elif isinstance(node, list):
        for value in node:
            _allow_overlap(value)


def _add_msgpack(operation: Node) -> None:
    bodies = [operation["requestBody"]] if "requestBody" in operation else []
    answers = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
    for body in (*bodies, *answers):
        content = body.get("content", {})
        if JSON in content:
            content[MSGPACK] = content[JSON]
