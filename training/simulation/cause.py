"""Why one side shows an offer and the other does not: the rule or cap, or the part of the score that changed."""

from collections.abc import Callable
from math import log

import msgspec

from decision.engine.arbitration import Parts
from decision.engine.limit import Limit
from decision.engine.weighing import Weighing
from rules.choice import ArbitrationPart
from rules.ids import Instant, OfferId
from rules.reason import Reason
from training.simulation.side import Weighed

NO_PLACEMENT = "no_placement"
NO_OFFER = "no_offer"
"""Why a side shows nothing there: it has no such placement, or no such offer."""

_LEAST = 1e-9
"""Ratios of a part nearer to one than this have not changed."""


class Cause(msgspec.Struct, frozen=True, order=True):
    """The reason's slug, and what is behind it: a rule, an entry, a limit, levers, or a part of the score."""

    reason: str
    name: str = ""


ORDER = Cause("order")
"""The same offers, at other ranks."""


def cause_of(offer: OfferId, now: Instant, without: Weighed | None, beside: Weighed | None) -> Cause:
    """Why the side `without` does not show an offer that the side `beside` it shows; None is a side without placement.

    Where other offers ranked higher, it is the part of the score that moved most between this offer and the one that
    stands at its rank instead: `levers` are named.
    """
    if without is None:
        return Cause(NO_PLACEMENT)
    weighing, slate = without.weighing, without.slate
    bound = weighing.placement.bound
    row = bound.position.get(offer)
    if row is None:
        held = without.snapshot.rows.get(offer)
        return Cause(NO_OFFER if held is None else bound.left_out[held].slug)
    if slate.held_by[row] >= 0:
        return _held(weighing, weighing.limits.each[slate.held_by[row]])
    if not weighing.open[row]:
        return _screened(weighing, Reason(int(weighing.screening.reason[row])), int(weighing.screening.detail[row]))
    return Cause(Reason.OUTRANKED.slug, "" if beside is None else _moved(offer, now, without, beside))


def _screened(weighing: Weighing, reason: Reason, detail: int) -> Cause:
    bound = weighing.placement.bound
    if reason is Reason.CONTACT_POLICY:
        return Cause(reason.slug, bound.policies.policies[detail].entry.id)
    if reason is Reason.SOLD_OUT:
        return Cause(reason.slug, bound.volumes.places[bound.volumes.first[detail]].limit.id)
    if reason is Reason.NO_CONSENT:
        return Cause(reason.slug, bound.spec.consent or "")
    named = reason in {Reason.NOT_ELIGIBLE, Reason.NOT_SUITABLE, Reason.NOT_WANTED, Reason.ATTRIBUTE_ABSENT}
    return Cause(reason.slug, bound.rules.rules[detail].rule.id if named and detail >= 0 else "")


def _held(weighing: Weighing, limit: Limit) -> Cause:
    if limit.reason is Reason.ATTRIBUTE_LIMIT:
        return Cause(limit.reason.slug, tuple(weighing.placement.bound.limits)[limit.detail])
    return _screened(weighing, limit.reason, limit.detail)


def _moved(offer: OfferId, now: Instant, without: Weighed, beside: Weighed) -> str:
    rank = beside.shown.index(offer)
    instead = without.shown[rank] if rank < len(without.shown) else without.shown[-1] if without.shown else None
    here, there = without.weighing, beside.weighing
    mine = _ratios(offer, here, there)
    other = None if instead is None else _ratios(instead, here, there)
    if mine is None or other is None:
        return "" if instead is None else _newcomer(instead, beside)
    moves = {part: abs(mine[part] - other[part]) for part in mine}
    part = max(moves, key=lambda part: (moves[part], part))
    if moves[part] > _LEAST:
        return _levers((offer, instead or offer), now, here, there) if part == "levers" else part
    explored = here.placement.bound.spec.exploration != there.placement.bound.spec.exploration
    return "exploration" if explored else "others above"


def _newcomer(instead: OfferId, beside: Weighed) -> str:
    """The other side could not show what stands there instead; that is why, if it is a rule or a cap."""
    found = cause_of(instead, Instant(0), beside, None)
    return f"{found.reason} {found.name}".strip()


def _ratios(offer: OfferId, here: Weighing, there: Weighing) -> dict[ArbitrationPart, float] | None:
    """The logarithm of how each part of an offer's score changed; None where only one side weighs it."""
    rows = [weighing.placement.bound.position.get(offer) for weighing in (here, there)]
    if rows[0] is None or rows[1] is None or not (here.open[rows[0]] and there.open[rows[1]]):
        return None
    ratios: dict[ArbitrationPart, float] = {}
    for part, value in _PARTS.items():
        figures = [
            value(weighing.parts, row) if part in weighing.placement.bound.spec.arbitration else 1.0
            for weighing, row in zip((here, there), (rows[0], rows[1]), strict=True)
        ]
        ratios[part] = log(max(figures[0], 1e-300)) - log(max(figures[1], 1e-300))
    return ratios


def _levers(offers: tuple[OfferId, OfferId], now: Instant, here: Weighing, there: Weighing) -> str:
    """The levers that cover either offer on one side otherwise than on the other."""
    named: set[str] = set()
    for offer in offers:
        sides = []
        for weighing in (here, there):
            bound = weighing.placement.bound
            sides.append({lever.id: lever.factor for lever in bound.levers.in_force(bound.position[offer], now)})
        named |= {id for id in sides[0].keys() | sides[1].keys() if sides[0].get(id) != sides[1].get(id)}
    return f"levers {', '.join(sorted(named))}".strip()


_PARTS: dict[ArbitrationPart, Callable[[Parts, int], float]] = {
    "propensity": lambda parts, row: float(parts.propensity[row]),
    "context": lambda parts, row: float(parts.context[row]),
    "value": lambda parts, row: float(parts.value[row]),
    "levers": lambda parts, row: float(parts.levers[row]),
}
