"""`/v1/catalogue` and `/v1/models`: immutable versions and the pointers to them."""

import msgspec
from litestar import Response, get, post, put
from litestar.params import FromPath, JSONBody

from decision.http.authorisation import needs
from decision.http.body import ApiRequest
from decision.http.media import answer, problems
from decision.http.serving import Serving
from decision.service.answer import CurrentAnswer, PublishedAnswer, VersionAnswer
from decision.service.publishing import Published
from rules.errors import Fault, Invalid


class WorkspaceUpload(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A workspace's two files: `concierge.toml`, and the offers as CSV text or as a Parquet file (base64 in JSON)."""

    workspace: str
    offers: str | None = None
    parquet: bytes | None = None


class ModelUpload(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A model file as `concierge train` wrote it (base64 in JSON); it is put to use for its goal unless told not to."""

    model: bytes
    activate: bool = True


@get(
    "/v1/catalogue",
    guards=[needs("admin")],
    operation_id="getCatalogue",
    summary="The catalogue version in use, and the one this worker serves",
    responses=problems(401, 403, 503),
    tags=["catalogue"],
)
async def get_catalogue(request: ApiRequest, concierge: Serving) -> Response[CurrentAnswer]:
    """Needs scope `admin`."""
    return answer(request, await concierge.publishing.current("catalogue"))


@put(
    "/v1/catalogue",
    guards=[needs("admin")],
    operation_id="putCatalogue",
    summary="Publish a workspace; a broken one is refused with every mistake",
    responses=problems(400, 401, 403, 413, 415, 422, 503),
    tags=["catalogue"],
)
async def put_catalogue(
    request: ApiRequest, data: JSONBody[WorkspaceUpload], concierge: Serving
) -> Response[PublishedAnswer]:
    """Needs scope `admin`. Workers take the new version within a second or so."""
    if (data.offers is None) == (data.parquet is None):
        raise Invalid((Fault("offers", "give either `offers` (CSV) or `parquet`"),))
    name = "offers.csv" if data.parquet is None else "offers.parquet"
    offers = data.parquet if data.parquet is not None else (data.offers or "").encode()
    published = await concierge.publishing.publish_workspace(data.workspace.encode(), offers, name, request.user.client)
    return answer(request, _published(published))


@get(
    "/v1/catalogue/versions",
    guards=[needs("admin")],
    operation_id="listCatalogues",
    summary="All stored catalogue versions, the latest first",
    responses=problems(401, 403, 503),
    tags=["catalogue"],
)
async def list_catalogues(request: ApiRequest, concierge: Serving) -> Response[list[VersionAnswer]]:
    """Needs scope `admin`."""
    return answer(request, list(await concierge.publishing.versions("catalogue")))


@post(
    "/v1/catalogue/versions/{version:str}/activate",
    guards=[needs("admin")],
    status_code=200,
    operation_id="activateCatalogue",
    summary="Put a stored catalogue version to use",
    responses=problems(401, 403, 404, 409, 503),
    tags=["catalogue"],
)
async def activate_catalogue(
    request: ApiRequest, version: FromPath[str], concierge: Serving
) -> Response[PublishedAnswer]:
    """Needs scope `admin`."""
    return answer(request, _published(await concierge.publishing.activate("catalogue", version)))


@get(
    "/v1/models",
    guards=[needs("admin")],
    operation_id="getModels",
    summary="The model version in use for each goal, and those this worker serves",
    responses=problems(401, 403, 503),
    tags=["models"],
)
async def get_models(request: ApiRequest, concierge: Serving) -> Response[CurrentAnswer]:
    """Needs scope `admin`."""
    return answer(request, await concierge.publishing.current("model"))


@put(
    "/v1/models",
    guards=[needs("admin")],
    operation_id="putModel",
    summary="Publish a model; one that cannot be served is refused",
    responses=problems(400, 401, 403, 413, 415, 422, 503),
    tags=["models"],
)
async def put_model(request: ApiRequest, data: JSONBody[ModelUpload], concierge: Serving) -> Response[PublishedAnswer]:
    """Needs scope `admin`. Workers verify and warm it, then swap; one that cannot keeps the old."""
    published = await concierge.publishing.publish_model(data.model, request.user.client, data.activate)
    return answer(request, _published(published))


@get(
    "/v1/models/versions",
    guards=[needs("admin")],
    operation_id="listModels",
    summary="All stored model versions, the latest first",
    responses=problems(401, 403, 503),
    tags=["models"],
)
async def list_models(request: ApiRequest, concierge: Serving) -> Response[list[VersionAnswer]]:
    """Needs scope `admin`."""
    return answer(request, list(await concierge.publishing.versions("model")))


@post(
    "/v1/models/versions/{version:str}/activate",
    guards=[needs("admin")],
    status_code=200,
    operation_id="activateModel",
    summary="Put a stored model version to use for its goal",
    responses=problems(401, 403, 404, 409, 422, 503),
    tags=["models"],
)
async def activate_model(request: ApiRequest, version: FromPath[str], concierge: Serving) -> Response[PublishedAnswer]:
    """Needs scope `admin`."""
    return answer(request, _published(await concierge.publishing.activate("model", version)))


def _published(published: Published) -> PublishedAnswer:
    warnings = tuple(Fault(finding.place, finding.message) for finding in published.warnings)
    return PublishedAnswer(published.version, published.before, warnings)
