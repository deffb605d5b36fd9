"""What a campaign run shows, beside what another vendor publishes of its own."""

from rich.console import Console
from rich.table import Table

from loadtest.campaign.killing import Course
from loadtest.campaign.recount import Recount

PUBLISHED = (
    "Adobe publishes for its own cloud: 1 million profiles in 8 minutes without capping (2,083/s) and in 30 with it "
    "(556/s), 15 million in 16 minutes (15,625/s) and 50 (5,000/s); on how many cores it does not say. "
    "https://experienceleague.adobe.com/en/docs/journey-optimizer/using/decisioning/offer-decisioning/batch-delivery"
)


def print_report(console: Console, course: Course, found: Recount, wanted: int, cores: int) -> None:
    """The figures of the run, then what the recount found; `wanted` is how many kills there were to be."""
    net = course.seconds - course.lost
    table = Table(title=f"A campaign over {found.customers:,} guests, on {cores} cores", show_header=False)
    table.add_column("what")
    table.add_column("figure", justify="right")
    table.add_row("customers a second, from start to end", f"{found.customers / course.seconds:,.0f}")
    table.add_row("customers a second, without what the kills took", f"{found.customers / net:,.0f}")
    table.add_row("wall time", f"{course.seconds:,.0f} s")
    if course.used.seconds is not None:
        # What others do at the same time makes it last longer, and hardly costs more processor time.
        table.add_row("processor time, of processes and store", f"{course.used.seconds:,.0f} s")
        table.add_row("customers a second of processor time", f"{found.customers / course.used.seconds:,.0f}")
    for number, kill in enumerate(course.kills, 1):
        what = "processes and store" if kill.store else "processes"
        table.add_row(f"kill {number}, of {what}, after {kill.done:,}", f"{kill.lost:,.1f} s until more was done")
    if len(course.kills) < wanted:
        table.add_row("kills that would have come after the end", f"{wanted - len(course.kills)}")
    table.add_row("most memory, all its processes", _bytes(course.used.processes))
    table.add_row("most memory, the store", _bytes(course.used.store))
    table.add_row("guests reached, offers sent", f"{found.reached:,}, {found.shown:,}")
    console.print(table)
    recounted = Table(title="Counted anew from output, journal and import")
    for column in ("what", "over or wrong", "used", "used up, of how many"):
        recounted.add_column(column, justify="left" if column == "what" else "right")
    for said, count in found.mistakes.items():
        recounted.add_row(said, f"{count:,}")
    for kept in found.limits:
        recounted.add_row(
            f"limit {kept.id}", f"{kept.over:,}", f"{kept.used:.1%}", f"{kept.used_up:,} of {kept.places:,}"
        )
    for kept in found.caps:
        recounted.add_row(f"cap {kept.id}", f"{kept.over:,}")
    console.print(recounted)
    console.print(PUBLISHED, soft_wrap=True)
    console.print("Everybody was decided once, and nothing was exceeded." if found.good else "Something is wrong.")


def _bytes(size: int | None) -> str:
    return "not told by this system" if size is None else f"{size / 2**20:,.0f} MiB"
