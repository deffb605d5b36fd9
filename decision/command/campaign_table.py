"""A campaign's summary, and its plan, as tables."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Column, Table

from decision.allocation import UNLIMITED, Plan
from decision.campaign.part import Share
from decision.campaign.summary import Summary
from rules.volume import VolumePlace

_MOST = 20
"""Rows of a table at most; the file beside the output has all."""


def show_summary(console: Console, summary: Summary) -> None:
    """Print the summary: offers and attribute values with their figures, and why others saw nothing."""
    _show_shares(console, "offer", summary.offers, summary.customers)
    for name, shares in summary.columns.items():
        _show_shares(console, name, shares, summary.customers)
    if summary.left_out:
        table = Table("left out by", *_figures("offers", "customers who see nothing"))
        for reason, count in summary.left_out.items():
            table.add_row(reason, f"{count:,}", f"{summary.nothing_shown.get(reason, 0):,}")
        console.print(table)
    said = f"{summary.customers:,} customers decided: {summary.reached:,} see {summary.shown:,} offers"
    more = [f"{summary.unknown:,} were unknown, and decided like new ones"] if summary.unknown else []
    more += [f"{summary.repeated:,} more lines named somebody again, and were not counted"] if summary.repeated else []
    if summary.unreadable:
        more.append(f"{summary.unreadable:,} were left out, for their profiles are damaged")
    more += [f"{count:,} are in group {name}" for name, count in summary.groups.items()]
    more += [f"{count:,} were decided without {part}" for part, count in summary.degraded.items()]
    console.print("; ".join([f"{said}, expected value {summary.expected:,.2f}", *more]) + ".", highlight=False)


def show_plan(console: Console, plan: Plan, places: Sequence[VolumePlace], customers: int) -> None:
    """Print what each limit that binds costs, which minimums cannot be met, and how far from the best the plan is."""
    table = Table("limit", "of", *_figures("price", "units left", "at least", "given", "costs"))
    for figures in plan.limits[:_MOST]:
        place = places[figures.place]
        table.add_row(
            place.limit.id if place.channel is None else f"{place.limit.id} ({place.channel})",
            place.value or "all",
            f"{figures.price:,.4f}",
            "–" if figures.room >= UNLIMITED else f"{figures.room:,}",
            f"{figures.minimum:,}" if figures.minimum else "–",
            f"{figures.used:,.0f}",
            f"{figures.cost:,.2f}",
        )
    if len(plan.limits) > _MOST:
        table.add_row(f"and {len(plan.limits) - _MOST:,} more", *[""] * 6)
    console.print(table)
    for missing in plan.shortfalls:
        place = places[missing.place]
        console.print(
            f"{place.limit.id} wants {missing.minimum:,} of {place.value or 'all'}: {missing.missing:,} too few "
            "customers may have it, whatever it costs the rest.",
            highlight=False,
        )
    console.print(
        f"{customers:,} customers: expected value {plan.value:,.2f}, at most {plan.bound:,.2f} would be possible; "
        f"the gap is {100 * plan.gap:.2f} %.",
        highlight=False,
    )


def _show_shares(console: Console, name: str, shares: tuple[Share, ...], customers: int) -> None:
    head = [Column(each, justify="right", no_wrap=True) for each in ("shown", "customers", "expected\nvalue")]
    table = Table(Column(name, overflow="fold"), *head, "left out most by")
    for share in shares[:_MOST]:
        part = f"{100 * share.customers / max(customers, 1):.1f} %"
        why = next((f"{reason} ({count:,})" for reason, count in share.left_out.items()), "–")
        table.add_row(share.name or "–", f"{share.shown:,}", part, f"{share.expected:,.2f}", why)
    if len(shares) > _MOST:
        table.add_row(f"and {len(shares) - _MOST:,} more", *[""] * 4)
    console.print(table)


def _figures(*names: str) -> list[Column]:
    return [Column(name, justify="right") for name in names]
