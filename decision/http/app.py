"""The HTTP application: handlers decode, call and encode; nothing else."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import version

from litestar import Litestar
from litestar.di import Provide
from litestar.types import Message, Scope

from decision.composition import open_service
from decision.figures import figures
from decision.http.body import ApiRequest
from decision.http.bulk import decide_bulk
from decision.http.customers import (
    delete_customer,
    get_customer,
    link_visitor,
    patch_customer,
    put_customer,
    unlink_visitor,
)
from decision.http.decisions import decide, explain
from decision.http.document import describe
from decision.http.events import report_events
from decision.http.express import Application
from decision.http.groups import get_groups
from decision.http.operations import live, metrics, ready
from decision.http.outcomes import report_outcomes
from decision.http.problem import answer_problem
from decision.http.serving import provide_concierge
from decision.http.versions import (
    activate_catalogue,
    activate_model,
    get_catalogue,
    get_models,
    list_catalogues,
    list_models,
    put_catalogue,
    put_model,
)
from decision.logs import configure_logs
from decision.service.concierge import Concierge
from decision.settings import Settings, read_settings

ROUTES = (
    decide,
    decide_bulk,
    explain,
    report_outcomes,
    report_events,
    put_customer,
    patch_customer,
    get_customer,
    delete_customer,
    link_visitor,
    unlink_visitor,
    get_groups,
    get_catalogue,
    put_catalogue,
    list_catalogues,
    activate_catalogue,
    get_models,
    put_model,
    list_models,
    activate_model,
    live,
    ready,
    metrics,
)

Opening = Callable[[Settings], AbstractAsyncContextManager[Concierge]]


def create_app(settings: Settings, opening: Opening = open_service) -> Litestar:
    """The application; `opening` gives the service for as long as it runs."""

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        async with opening(settings) as concierge, figures.handing_over():
            attach(app, concierge)
            yield

    return Application(
        ROUTES,
        lifespan=[lifespan],
        dependencies={"concierge": Provide(provide_concierge, sync_to_thread=False)},
        exception_handlers={Exception: answer_problem},
        request_class=ApiRequest,
        request_max_body_size=settings.body_limit,
        openapi_config=describe(version("concierge")),
        before_send=[_count],
        logging_config=None,
    )


def attach(app: Litestar, concierge: Concierge) -> None:
    """Let the application answer with a service."""
    app.state.concierge, app.state.key_ring = concierge, concierge.keys


def serving_app() -> Litestar:
    """The application of a serving process, set up by its environment."""
    settings = read_settings()
    configure_logs(settings.log_level)
    return create_app(settings)


async def _count(message: Message, _: Scope) -> None:
    if message["type"] == "http.response.start":
        figures.answered(message["status"])
