"""`concierge serve`: the store, the workers and the sink, started together and stopped in order."""

import multiprocessing
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec
import rich_click as click
from granian.constants import Interfaces, Loops
from granian.log import LogLevels
from granian.server.mp import MPServer

from decision.command.claim import check_port, sole_service
from decision.command.companion import Companion
from decision.command.store_keeper import StoreKeeper
from decision.command.worker import APPLICATION, DRAIN_SECONDS, load_application
from decision.folders import data_folder, machine_folder
from decision.logs import configure_logs, log
from decision.settings import PREFIX, Settings, read_settings
from decision.store.embedded import EmbeddedServer


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
    # Until the workers are there, nobody else would answer the signal, and what has been started would stay.
    signal.signal(signal.SIGTERM, _leave)
    check_port(settings.host, settings.port)
    with ExitStack() as stack:
        with data_folder(settings.folder):
            if not settings.store:
                stack.enter_context(sole_service(settings.folder))
                stack.enter_context(_embedded_store(settings.folder))
            stack.enter_context(_figures(settings))
        stack.callback(log.info, "stopped")
        if sink:
            stack.enter_context(_sink())
        log.info("serving", host=settings.host, port=settings.port, workers=settings.workers)
        _serve_workers(settings)


def _leave(*_: object) -> None:
    sys.exit(0)


@contextmanager
def _embedded_store(folder: Path) -> Iterator[None]:
    server = EmbeddedServer(folder)
    server.hold()
    keeper = StoreKeeper(server)
    keeper.start()
    try:
        yield
    finally:
        keeper.stop()
        server.release()


@contextmanager
def _figures(settings: Settings) -> Iterator[None]:
    """The folder in which the workers gather their figures, empty at first.

    Not below the data folder: the files are mapped into memory, and a full disk there would kill the workers.
    """
    folder = machine_folder(settings.folder, f"metrics-{settings.port}")
    for file in folder.iterdir():
        file.unlink()
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _sink() -> Iterator[None]:
    companion = Companion("sink")
    companion.start()
    try:
        yield
    finally:
        # The workers are gone by now, so the sink has nothing left to wait for.
        companion.stop()


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


def _serve_workers(settings: Settings) -> None:
    # Workers of their own interpreter: a fork would copy locks and files that this process's threads hold just then.
    multiprocessing.set_start_method("spawn", force=True)
    server = MPServer(
        APPLICATION,
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
    server.serve(target_loader=load_application)
