"""One row of past decisions, read and checked against the catalogue."""

from collections.abc import Mapping

import msgspec

from decision.importing.cells import WHOLE, Cells
from decision.importing.mapping import DecisionMapping
from decision.importing.report import BadRow
from decision.importing.row_id import RowIds, imported_decision
from decision.importing.rows import Row
from rules.attribute import Value, suggest
from rules.catalogue import Catalogue
from rules.errors import Fault
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

    def __init__(self, mapping: DecisionMapping, catalogue: Catalogue, offers: Mapping[OfferId, int]) -> None:
        self._mapping = mapping
        self._catalogue = catalogue
        self._offers = offers
        self._ids = RowIds()

    def read(self, row: Row) -> DecisionRow | BadRow:
        """The decision in a row, or everything that is wrong with it."""
        cells, mapping = Cells(row), self._mapping
        id = imported_decision(self._ids.id_of(row, cells.text(mapping.id)))
        placement, offer = cells.text(mapping.placement), cells.text(mapping.offer)
        at, outcome_at = cells.moment(mapping.at), cells.moment(mapping.outcome_at)
        probability, worth = cells.number(mapping.probability), cells.number(mapping.value)
        customer, visitor = cells.text(mapping.customer), cells.text(mapping.visitor)
        rank = cells.value(WHOLE, mapping.rank)
        context = cells.values(self._catalogue.workspace.attributes.context, mapping.context, "context")
        if not cells.faults:
            needed = {
                "placement": placement,
                "at": at,
                "probability": probability,
                "customer or visitor": customer or visitor,
            }
            cells.faults.extend(
                Fault(name, "is missing; the mapping names its column")
                for name, value in needed.items()
                if value is None
            )
            cells.faults.extend(self._misfits(placement, offer, probability, rank))
        if cells.faults or placement is None or at is None or probability is None:
            return BadRow(row.line, tuple(cells.faults))
        return DecisionRow(
            id=id,
            placement=PlacementId(placement),
            offer=None if offer is None else OfferId(offer),
            at=at,
            probability=probability,
            customer=None if customer is None else CustomerId(customer),
            visitor=None if visitor is None else VisitorId(visitor),
            rank=rank if isinstance(rank, int) else 1,
            context=context,
            outcome=cells.text(mapping.outcome),
            value=worth,
            outcome_at=at if outcome_at is None else outcome_at,
        )

    def _misfits(
        self, placement: str | None, offer: str | None, probability: float | None, rank: Value | None
    ) -> list[Fault]:
        placements = self._catalogue.workspace.placements
        faults = []
        if placement is not None and placement not in placements:
            faults.append(Fault("placement", f"{placement!r} is not in the catalogue{suggest(placement, placements)}"))
        if offer is not None and offer not in self._offers:
            faults.append(
                Fault("offer", f"{offer!r} is not in the catalogue; publish one that has it, then import again")
            )
        if probability is not None and not 0.0 < probability <= 1.0:
            faults.append(Fault("probability", f"{probability} is not above 0 and at most 1"))
        if isinstance(rank, int) and rank < 1:
            faults.append(Fault("rank", f"{rank} is not a rank; the first is 1"))
        return faults
