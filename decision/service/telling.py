"""What the figures and the log are told of every decision."""

import logging

from decision.engine.request import Decision, Shadow
from decision.figures import figures
from decision.logs import log
from decision.service.admission import Ask
from rules.ids import DecisionId


class Telling:
    """Counts decisions, and writes a line for each."""

    def __init__(self) -> None:
        # Bound once: the module's own looks up its configuration anew for every line.
        self._log = log.bind()

    def tell(
        self,
        ask: Ask,
        id: DecisionId,
        decision: Decision,
        seconds: float,
        shadow: Shadow | None = None,
    ) -> None:
        """A decision was made in so many seconds; dry runs are not counted. `shadow` is what a challenger thinks."""
        if not ask.dry_run:
            figures.decided(ask.request.placement, decision, seconds)
            if shadow is not None:
                figures.shadowed(ask.request.placement, shadow)
        if self._log.is_enabled_for(logging.INFO):
            self._log.info(
                "decision",
                decision=id,
                placement=ask.request.placement,
                channel=ask.channel,
                customer=ask.customer,
                visitor=ask.visitor,
                offers=[shown.offer for shown in decision.offers],
                group=decision.group,
                degraded=decision.degraded,
                dry_run=ask.dry_run,
                milliseconds=round(seconds * 1000, 3),
            )
