"""What a model must show before it replaces the one in use."""

from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from rules.report import Report

SEGMENT_KINDS = ("customer", "context")
"""The kinds of attribute that tell segments apart."""

Untold = Literal["refuse", "predict"]
"""What becomes of a challenger whose gain the log cannot tell, for it did too rarely what that would do."""


class Promotion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The bounds of the gate; shares are of what the model in use earns, but for `calibration` and `leak`.

    What the gain is at least, with this `confidence` (a bound on one side), must be above `margin`; a margin below 0
    asks that little be lost. Where the log tried too rarely what a challenger would do to tell its gain, `untold`
    refuses it, or has it `predict`: it passes, for the objective `response`, if it is shown with the same confidence to
    foretell what came better than the model in use. In no channel, and for no value of an attribute in `segments`
    (`customer.tier`), may it be shown, with that confidence too, to lose more than `loss`. The calibration error may
    grow by `calibration` of the mean outcome. No feature alone may explain more than `leak` of the outcome, nor all
    together more than `foresight`. A training on demand begins once there is `renewal` more to learn from.
    """

    margin: float = 0.0
    confidence: float = 0.95
    untold: Untold = "refuse"
    loss: float = 0.05
    segments: tuple[str, ...] = ()
    calibration: float = 0.1
    leak: float = 0.15
    foresight: float = 0.35
    renewal: float = 0.05


def check_promotion(report: "Report") -> None:
    """Report every bound that is no share, and every segment that no declared attribute tells apart."""
    promotion = report.workspace.promotion
    for name, least in (("margin", -1), ("loss", 0), ("calibration", 0), ("leak", 0), ("foresight", 0), ("renewal", 0)):
        share: float = getattr(promotion, name)
        if not least <= share <= 1:
            report.add(f"promotion.{name}", f"is a share and must lie between {least} and 1, not {share:g}")
    if not 0 < promotion.confidence < 1:
        message = f"is a probability and must lie between 0 and 1, not {promotion.confidence:g}; 0.95 is usual"
        report.add("promotion.confidence", message)
    for segment in promotion.segments:
        kind, _, name = segment.partition(".")
        if kind not in SEGMENT_KINDS:
            message = f"{segment!r} names no attribute of a customer or a context; write customer.NAME or context.NAME"
            report.add("promotion.segments", message)
        else:
            report.check_attribute("promotion.segments", kind, name, ("string", "bool"))
