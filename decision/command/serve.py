"""`concierge serve`: the store, the workers and the sink, started together and stopped in order."""

import os
import shutil
import tempfile

import msgspec
import rich_click as click
from granian.constants import Interfaces, Loops
from granian.log import LogLevels
from granian.server.mp import MPServer

from decision.command.companion import Companion
from decision.logs import configure_logs, log
from decision.settings import PREFIX, Settings, read_settings
from decision.store.embedded import EmbeddedServer

DRAIN_SECONDS = 30
"""How long a worker may finish what it has begun; after that it is killed."""


@click.command()
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--workers", type=click.IntRange(1, 256), help="Serving processes.")
@click.option("--data", type=click.Path(file_okay=False), help="Folder of the embedded store and the journal.")
@click.option("--store", help="Redis-protocol URL; without one a Valkey is started in the data folder.")
@click.option("--sink/--no-sink", default=True, help="Also move the journal to Parquet segments.")
def serve(
    host: str | None, port: int | None, workers: int | None, data: str | None, store: str | None, sink: bool
) -> None:
    """Serve decisions until SIGTERM or Ctrl+C; what has begun is finished first.

    Every option has an environment variable, CONCIERGE_ and its name.
    """
    given = {"host": host, "port": port, "workers": workers, "data": data, "store": store}
    settings = _settle(given)
    configure_logs(settings.log_level)
    settings.folder.mkdir(parents=True, exist_ok=True)
    server = None if settings.store else EmbeddedServer(settings.folder)
    if server is not None:
        server.hold()
    figures = tempfile.mkdtemp(prefix="concierge-metrics-")
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = figures
    companion = Companion("sink") if sink else None
    try:
        if companion is not None:
            companion.start()
        log.info("serving", host=settings.host, port=settings.port, workers=settings.workers)
        _granian(settings).serve()
    finally:
        # The workers are gone by now, so the sink has nothing left to wait for.
        if companion is not None:
            companion.stop()
        if server is not None:
            server.release()
        shutil.rmtree(figures, ignore_errors=True)
        log.info("stopped")


def _settle(given: dict[str, str | int | None]) -> Settings:
    """The settings with the given options over them; workers and sink read them from the environment they inherit."""
    for name, value in given.items():
        if value is not None:
            os.environ[PREFIX + name.upper()] = str(value)
    settings = read_settings()
    # A worker may stand in another folder than the one the operator meant.
    settings = msgspec.structs.replace(settings, data=str(settings.folder.resolve()))
    os.environ[PREFIX + "DATA"] = settings.data
    return settings


def _granian(settings: Settings) -> MPServer:
    return MPServer(
        "decision.http.app:serving_app",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        workers=settings.workers,
        loop=Loops.uvloop,
        websockets=False,
        log_level=LogLevels.warning,
        respawn_failed_workers=True,
        workers_kill_timeout=DRAIN_SECONDS,
    )
