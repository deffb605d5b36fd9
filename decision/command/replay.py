"""`concierge replay`: decide again what the journal says was decided, and compare bit for bit."""

import asyncio
import sys
from collections.abc import Iterator

import msgspec
import rich_click as click
from rich.console import Console
from rich.progress import Progress

from decision.command.moment import MOMENT
from decision.engine.replaying import replay as decide_again
from decision.engine.replaying import same_decision
from decision.journal.reading import open_journal
from decision.journal.record import DecisionRecord, decode_record
from decision.journal.settling import settle
from decision.settings import Settings, read_settings
from decision.store.opening import open_store
from decision.version.registry import Registry
from decision.version.versions import Versions
from rules.ids import DecisionId, Instant

_LIVE = """
SELECT {what} FROM journal
WHERE record = 'decision' AND decision.source = 'live'
  AND ($since IS NULL OR written >= $since) AND ($until IS NULL OR written < $until)
"""

_SHOWN = 20


class Replayed(msgspec.Struct, frozen=True):
    """How many decisions came out the same, and which did not."""

    equal: int
    different: tuple[DecisionId, ...]


@click.command()
@click.option("--since", type=MOMENT, help="Only decisions made from this moment (RFC 3339) on.")
@click.option("--until", type=MOMENT, help="Only decisions made before this moment.")
def replay(since: Instant | None, until: Instant | None) -> None:
    """Decide every journalled decision again with the versions of its time; exit status 1 unless all are the same."""
    replayed = asyncio.run(_replay(read_settings(), since, until))
    total = replayed.equal + len(replayed.different)
    click.echo(f"{replayed.equal:,} of {total:,} decisions are the same bit for bit.")
    for decision in replayed.different[:_SHOWN]:
        click.echo(f"different: {decision}", err=True)
    if replayed.different:
        sys.exit(1)


async def _replay(settings: Settings, since: Instant | None, until: Instant | None) -> Replayed:
    equal, different = 0, list[DecisionId]()
    asked = {"since": since, "until": until}
    async with open_store(settings) as store:
        await settle(store, settings.folder)
        versions = Versions(Registry(store))
        with open_journal(settings.folder) as journal, Progress(console=Console(stderr=True)) as progress:
            (total,) = journal.execute(_LIVE.format(what="count(*)"), asked).fetchone() or (0,)
            task = progress.add_task("deciding again", total=total)
            # By version, so that each snapshot is built once.
            ordered = _LIVE.format(what="entry") + "ORDER BY decision.catalogue, decision.model, written"
            result = journal.execute(ordered, asked)
            for record in _records(iter(lambda: result.fetchmany(1_000), [])):
                snapshot = await versions.past(record)
                prices = await versions.prices(record)
                if same_decision(decide_again(record, snapshot, prices), record.decision):
                    equal += 1
                else:
                    different.append(record.id)
                progress.advance(task)
    return Replayed(equal, tuple(different))


def _records(pages: Iterator[list[tuple[bytes]]]) -> Iterator[DecisionRecord]:
    for page in pages:
        for (entry,) in page:
            record = decode_record(entry)
            if isinstance(record, DecisionRecord):
                yield record
