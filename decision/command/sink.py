"""`concierge sink`: moves the journal from the store into Parquet segments, and keeps smoothed rates up to date."""

import asyncio
import atexit
import gc
import signal
from concurrent.futures import ThreadPoolExecutor

import rich_click as click

from decision.care.job import CareJob
from decision.clock import wall_clock
from decision.collector import collect_seldom
from decision.command.companion import STOP_SECONDS
from decision.folders import data_folder
from decision.journal.sink import Sink
from decision.logs import configure_logs, log
from decision.parent import end_with
from decision.priority import LESS, give_way, give_way_here
from decision.settings import Settings, read_settings
from decision.store.opening import open_store
from decision.store.port import Store
from decision.version.rates_job import RatesJob
from decision.version.registry import Registry
from decision.version.versions import Versions
from rules.errors import Conflict

# Libraries complain at the end about what of theirs is not freed, which takes the collector.
atexit.register(gc.unfreeze)

STANDBY_SECONDS = 5.0
"""How often a sink that found another one at work looks whether it is gone."""


@click.command()
@click.option("--once", is_flag=True, help="Move what the journal holds now, count once, and end.")
@click.option("--parent", type=int, hidden=True, help="Process to end with.")
def sink(once: bool, parent: int | None) -> None:
    """Move the journal into Parquet segments until SIGTERM or Ctrl+C; `concierge serve` starts this by itself."""
    settings = read_settings()
    configure_logs(settings.log_level)
    if not once:
        give_way(LESS)
    if parent is not None:
        end_with(parent, STOP_SECONDS)
    with data_folder(settings.folder):
        asyncio.run(_once(settings) if once else _run(settings))


async def _once(settings: Settings) -> None:
    async with open_store(settings) as store:
        async with Sink(store, settings.folder, settings.sink_records, settings.sink_seconds) as mover:
            moved = await mover.drain()
        published = await _rates(store, settings).look()
        await _care(store, settings).look()
    click.echo(f"Moved {moved} records; {len(published)} goals have new rates.")


async def _run(settings: Settings) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stopping.set)
    # Nobody waits for segments, rates and warnings; but until it is in a segment the journal lies in the memory of the
    # store, so that this thread goes on claiming its part, and a sink that falls behind writes in a thread like it.
    loop.set_default_executor(ThreadPoolExecutor(thread_name_prefix="sink", initializer=give_way_here))
    async with open_store(settings) as store:
        # A segment is thousands of records at once, and with them the collector would look through all that is loaded
        # by now and stays: a quarter of the time that it takes to make the segment.
        gc.freeze()
        collect_seldom()
        while not stopping.is_set():
            try:
                async with Sink(store, settings.folder, settings.sink_records, settings.sink_seconds) as mover:
                    rates = asyncio.create_task(_rates(store, settings).run(stopping))
                    care = asyncio.create_task(_care(store, settings).run(stopping))
                    await mover.run(stopping, _complain)
                    await asyncio.gather(rates, care)
            except Conflict as error:
                log.warning("sink_standing_by", reason=str(error))
                await _pause(stopping)


def _rates(store: Store, settings: Settings) -> RatesJob:
    registry = Registry(store)
    return RatesJob(registry, Versions(registry), settings.folder, wall_clock)


def _care(store: Store, settings: Settings) -> CareJob:
    registry = Registry(store)
    return CareJob(store, registry, Versions(registry), settings.folder, wall_clock)


def _complain(error: Exception) -> None:
    log.error("sink_waits", error=str(error))


async def _pause(stopping: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(STANDBY_SECONDS):
            await stopping.wait()
    except TimeoutError:
        pass
