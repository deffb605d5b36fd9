"""One row of past decisions, read and checked against the catalogue."""

from collections.abc import Callable, Mapping

import msgspec

from decision.importing.cells import Cells
from decision.importing.mapping import DecisionMapping
from decision.importing.report import BadRow
from decision.importing.row_id import RowIds, imported_decision
from decision.importing.rows import Row
from rules.attribute import Value, suggest
from rules.catalogue import Catalogue
from rules.ids import CustomerId, DecisionId, Instant, OfferId, PlacementId, VisitorId


class DecisionRow(msgspec.Struct, frozen=True):
    """A past decision: one offer, or none, with the probability it had, and what became of it."""

    id: DecisionId
    placement: PlacementId
    offer: OfferId | None
    at: Instant
    probability: float
    customer: CustomerId | None
    visitor: VisitorId | None
    rank: int
    context: Mapping[str, Value]
    outcome: str | None
    value: float | None
    outcome_at: Instant


class DecisionRows:
    """Reads the rows of one file."""

    def __init__(
        self,
        mapping: DecisionMapping,
        catalogue: Catalogue,
        offers: Mapping[OfferId, int],
        clock: Callable[[], Instant],
    ) -> None:
        self._mapping = mapping
        self._attributes = catalogue.workspace.attributes.context
        # One string for each name, however many rows hold it.
        self._placements = {str(id): id for id in catalogue.workspace.placements}
        self._offers = {str(id): id for id in offers}
        self._clock = clock
        self._ids = RowIds()

    def read(self, row: Row) -> DecisionRow | BadRow:
        """The decision in a row, or everything that is wrong with it."""
        cells, mapping = Cells(row), self._mapping
        id = imported_decision(self._ids.id_of(row, cells.name(mapping.id)))
        placement, offer = self._placement(cells), self._offer(cells)
        now = self._clock()
        at, outcome_at = cells.moment(mapping.at, now), cells.moment(mapping.outcome_at, now)
        customer, visitor = cells.person(mapping.customer), cells.person(mapping.visitor)
        probability, rank = self._probability(cells), self._rank(cells)
        outcome, worth = cells.name(mapping.outcome), cells.worth(mapping.value)
        context = cells.values(self._attributes, mapping.context)
        if at is not None and outcome_at is not None and outcome_at < at:
            cells.fault(mapping.outcome_at, "lies before the decision; an outcome follows it")
        if not cells.faults:
            if at is None:
                cells.fault(mapping.at, "is missing; give every decision its moment")
            if customer is None and visitor is None:
                subject = mapping.customer or mapping.visitor
                cells.fault(subject, "is missing; give every decision a customer or a visitor")
        if cells.faults or placement is None or at is None or probability is None:
            return BadRow(row.line, tuple(cells.faults))
        return DecisionRow(
            id=id,
            placement=placement,
            offer=offer,
            at=at,
            probability=probability,
            customer=None if customer is None else CustomerId(customer),
            visitor=None if visitor is None else VisitorId(visitor),
            rank=1 if rank is None else rank,
            context=context,
            outcome=outcome,
            value=worth,
            outcome_at=at if outcome_at is None else outcome_at,
        )

    def _placement(self, cells: Cells) -> PlacementId | None:
        field = self._mapping.placement
        given = cells.name(field)
        if given is None:
            cells.fault(field, "is missing; give every decision its placement")
            return None
        if given not in self._placements:
            cells.fault(field, f"{given!r} is not a placement of the catalogue{suggest(given, self._placements)}")
        return self._placements.get(given)

    def _offer(self, cells: Cells) -> OfferId | None:
        field = self._mapping.offer
        given = cells.name(field)
        if given is not None and given not in self._offers:
            cells.fault(field, f"{given!r} is not in the catalogue; publish one that has it, then import again")
        return self._offers.get(given or "")

    def _probability(self, cells: Cells) -> float | None:
        field, told = self._mapping.probability, len(cells.faults)
        probability = cells.number(field)
        if probability is None and len(cells.faults) == told:
            cells.fault(field, "is missing; give the chance that this offer (or none) had")
        if probability is not None and not 0.0 < probability <= 1.0:
            cells.fault(field, f"{probability} is not a probability; give one above 0 and at most 1")
        return probability

    def _rank(self, cells: Cells) -> int | None:
        rank = cells.whole(self._mapping.rank)
        if rank is not None and rank < 1:
            cells.fault(self._mapping.rank, f"{rank} is not a rank; the first is 1")
        return rank
