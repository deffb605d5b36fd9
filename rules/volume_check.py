"""Checks of volume limits: what they count, how many there are, where and when, and whether they ever matter."""

from zoneinfo import ZoneInfo, available_timezones

import numpy as np
from numpy.typing import NDArray

from rules.attribute import suggest
from rules.declarations import check_channels
from rules.offer import OfferTable
from rules.report import Report
from rules.workspace import VolumeLimit


def check_volume(report: Report, key: str, limit: VolumeLimit) -> None:
    """Report every mistake in a limit's own settings."""
    report.check_per(f"{key}.per", limit.per)
    check_channels(report, f"{key}.channels", limit.channels)
    if not limit.together and len(limit.channels) == 1:
        report.add(f"{key}.together", "never matters: the limit is about one channel only; drop the setting", "warning")
    _check_numbers(report, key, limit)
    if limit.stock is not None:
        report.check_attribute(f"{key}.stock", "offer", limit.stock, ("int",))
        if limit.per not in (None, "id"):
            report.add(f"{key}.per", "cannot stand beside stock, which is each offer's own; drop one of the two")
    if not _is_zone(limit.zone):
        hint = suggest(limit.zone, sorted(available_timezones()))
        report.add(f"{key}.zone", f"{limit.zone!r} is not a time zone, such as Europe/Lisbon{hint}")
    elif limit.within == "total" and limit.zone != "UTC" and not report.is_broken(f"{key}.within"):
        report.add(f"{key}.zone", 'never matters: no day ends; drop it, or write within = "day"', "warning")


def check_volume_reach(
    report: Report, key: str, limit: VolumeLimit, taken: NDArray[np.bool_], offers: OfferTable
) -> None:
    """Report stock that cannot be, and warn of a limit that counts none of the offers `taken` by its selector."""
    if not taken.any():
        report.add(f"{key}.offers", "takes none of the published offers, so the limit never matters", "warning")
        return
    for setting, name in (("stock", limit.stock), ("per", limit.per)):
        column = None if name is None else offers.columns.get(name)
        if column is not None and not (taken & column.present).any():
            message = f"never matters: none of the offers it covers has a value of {name}"
            report.add(f"{key}.{setting}", message, "warning")
    stock = None if limit.stock is None else offers.columns.get(limit.stock)
    if stock is not None and stock.type == "int":
        for row in np.flatnonzero(taken & stock.present & (stock.data < 0)):
            message = (
                f"is {stock.data[row]} for {offers.ids[row]}; write how many units there are in all, or leave it out"
            )
            report.add(f"{key}.stock", message)


def _check_numbers(report: Report, key: str, limit: VolumeLimit) -> None:
    if limit.at_most is not None and limit.stock is not None:
        report.add(f"{key}.stock", "says how many units there are, and so does at_most; drop one of the two")
    if (limit.at_most, limit.stock, limit.at_least) == (None, None, None) and not any(
        report.is_broken(f"{key}.{setting}") for setting in ("at_most", "stock", "at_least")
    ):
        report.add(key, "limits nothing; give at_most, stock or at_least")
    if limit.at_most is not None and limit.at_most < 1:
        report.add(f"{key}.at_most", f"must be at least 1, not {limit.at_most}; a rule keeps offers out altogether")
    if limit.at_least is not None and limit.at_least < 1:
        report.add(f"{key}.at_least", f"must be at least 1, not {limit.at_least}; drop it")
    if limit.at_least is not None and limit.at_most is not None and limit.at_least > limit.at_most >= 1:
        report.add(f"{key}.at_least", f"is more than at_most, which is {limit.at_most}; swap or fix the two")


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        return False
    return True
