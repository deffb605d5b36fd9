"""`/health/live`, `/health/ready`, `/metrics`: for load balancers, Prometheus and people at night."""

import asyncio
from contextlib import suppress

from litestar import Response, get

from decision.figures import figures
from decision.http.call import JSON
from decision.http.serving import Serving
from decision.metrics import CARE, CONTENT_TYPE, render_metrics
from decision.service.answer import HealthAnswer
from decision.service.deadline import Deadline
from decision.service.health import PATIENCE_SECONDS
from rules.errors import Unavailable


@get("/health/live", operation_id="live", summary="Whether the process answers at all", tags=["operations"])
async def live() -> dict[str, bool]:
    """Always true while it answers."""
    return {"live": True}


@get(
    "/health/ready",
    operation_id="ready",
    summary="Whether this worker can decide, and what stands in the way",
    tags=["operations"],
)
async def ready(concierge: Serving) -> Response[HealthAnswer]:
    """200 when ready, else 503 with the same body."""
    health = await concierge.health.look()
    return Response(health, status_code=200 if health.ready else 503, media_type=JSON)


@get(
    "/metrics",
    operation_id="metrics",
    summary="Figures of all workers in Prometheus' text format",
    media_type="text/plain",
    tags=["operations"],
)
async def metrics(concierge: Serving) -> Response[bytes]:
    """Needs no key: keep it off the public network. Figures of other workers may be a second behind."""
    figures.hand_over()
    # Without the store the figures of the models stay as they were read last.
    with suppress(Unavailable, TimeoutError), Deadline(PATIENCE_SECONDS).waiting():
        CARE.report = await concierge.care.latest()
    return Response(await asyncio.to_thread(render_metrics), media_type=CONTENT_TYPE)
