"""`make loop`: a month of the hotel group for every policy and seed, and the regret of each."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path as File

import rich_click as click
from rich.console import Console

from loadtest.closed_loop.arm import Arm, Night, live
from loadtest.closed_loop.bandit import Bandit
from loadtest.closed_loop.course import Course, add_course, course_of, read_courses
from loadtest.closed_loop.month import Month, Plan, make_month
from loadtest.closed_loop.path import Path
from loadtest.closed_loop.references import Chance, Constant, Optimum, Policy, walk
from loadtest.closed_loop.report import print_courses
from loadtest.errors import WorldError

_OPENING = "{ epsilon = 1.0 }"
"""Until a first trained model serves, chance teaches it; greed has nobody to teach it."""
_EXPLORING, _CERTAIN = (
    "{ epsilon = 0.02, temperature = 0.05, optimism = 1.0 }",
    "{ epsilon = 0.02, temperature = 0.05 }",
)
_FORCED = ("--force",)
ARMS = (
    Arm("concierge", _EXPLORING, _OPENING),
    Arm("without gate", _EXPLORING, _OPENING, _FORCED),
    Arm("without optimism or gate", _CERTAIN, _OPENING, _FORCED),
    # Nothing that was never shown can be judged, so the gate would keep its first model for ever.
    Arm("greedy", "{ epsilon = 0.0, temperature = 0.0 }", training=_FORCED),
)
BANDIT, CHANCE, CONSTANT, OPTIMUM = "vowpal wabbit", "random", "best constant", "optimum"
NAMES = (OPTIMUM, CHANCE, CONSTANT, BANDIT, *(arm.name for arm in ARMS))


@click.command()
@click.option("--seeds", type=click.IntRange(1), default=10, show_default=True, help="How many months to draw.")
@click.option("--first", type=click.IntRange(0), default=1, show_default=True, help="The first seed.")
@click.option("--days", type=click.IntRange(3), default=30, show_default=True, help="How long a month is.")
@click.option("--visits", type=click.IntRange(1), default=400, show_default=True, help="Visits a day.")
@click.option("--policy", "policies", type=click.Choice(NAMES), multiple=True, help="Only this one; may be repeated.")
@click.option(
    "--file",
    type=click.Path(dir_okay=False, path_type=File),
    default=File("loop.jsonl"),
    show_default=True,
    help="Where each finished month is added; what is in it is not run again.",
)
@click.option("--report", is_flag=True, help="Only print what the file holds so far.")
def loop(seeds: int, first: int, days: int, visits: int, policies: tuple[str, ...], file: File, report: bool) -> None:
    """Let every policy live through the same months, each on its own path, and compare it with the optimum."""
    console = Console()
    plan = Plan(days=days, visits=visits, offer_day=days * 2 // 5, taste_day=days * 3 // 5)
    if not report:
        try:
            for seed in range(first, first + seeds):
                _run(console, make_month(seed, int(time.time() * 1000), plan), policies or NAMES, file)
        except WorldError as error:
            raise click.ClickException(str(error)) from error
    if courses := read_courses(file):
        print_courses(console, sorted(courses, key=lambda course: NAMES.index(course.policy)))


def _run(console: Console, month: Month, names: tuple[str, ...], file: File) -> None:
    done = {course.policy for course in read_courses(file) if course.seed == month.world.seed}
    wanted = [name for name in names if name not in done]
    if not wanted:
        return
    optimum = Path(month)
    walk(Optimum(optimum), optimum)
    for name in wanted:
        begun = time.perf_counter()
        path, nights = _lived(name, month, optimum)
        course = course_of(name, path, optimum, time.perf_counter() - begun, nights)
        add_course(file, course)
        console.print(_line(course), highlight=False, soft_wrap=True)


def _lived(name: str, month: Month, optimum: Path) -> tuple[Path, tuple[Night, ...]]:
    if name == OPTIMUM:
        return optimum, ()
    if name in (arm.name for arm in ARMS):
        nights: list[Night] = []
        arm = next(arm for arm in ARMS if arm.name == name)
        return asyncio.run(live(arm, month, nights)), tuple(nights)
    path = Path(month)
    if name == BANDIT:
        with Bandit(month) as bandit:
            walk(bandit, path)
        return path, ()
    make: dict[str, Callable[[], Policy]] = {
        CHANCE: lambda: Chance(month.world.seed),
        CONSTANT: lambda: Constant(month),
    }
    walk(make[name](), path)
    return path, ()


def _line(course: Course) -> str:
    value, best = sum(course.value), sum(course.best)
    return (
        f"seed {course.seed}, {course.policy}: € {value / course.visits:.2f} a visit, {value / best:.1%} of the "
        f"optimum, regret {best - value:,.0f} €, in {course.seconds:.0f} s"
    )


if __name__ == "__main__":
    loop()
