"""Checks of the table `[care]`."""

from rules.report import Report


def check_care(report: Report) -> None:
    """Report every bound that could never be meant."""
    care = report.workspace.care
    for setting in ("window", "age"):
        report.check_duration(f"care.{setting}", getattr(care, setting))
    for setting in ("drift", "miscalibration"):
        if getattr(care, setting) <= 0:
            message = f"must be above 0, not {getattr(care, setting):g}; a large number never warns"
            report.add(f"care.{setting}", message)
    for setting in ("degraded", "thin"):
        if not 0 <= getattr(care, setting) <= 1:
            message = f"is a share and must lie between 0 and 1, not {getattr(care, setting):g}; 1 never warns"
            report.add(f"care.{setting}", message)
    if care.evidence < 1:
        report.add("care.evidence", f"must be at least 1, not {care.evidence}")
