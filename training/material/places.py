"""Which placements of which catalogue versions a question is about."""

from collections.abc import Mapping

from rules.catalogue import Catalogue
from rules.ids import GoalId, PlacementId
from rules.workspace import Placement
from training.material.question import Question


def places_of(
    catalogues: Mapping[str, Catalogue],
    question: Question,
    decided: Mapping[str, frozenset[PlacementId]],
    further: bool = False,
) -> dict[str, frozenset[PlacementId]]:
    """The placements of the question's goal in each catalogue version that decisions were made with.

    With `further` also those that have it among their further goals: their outcomes teach as well, but what they
    earned is another goal's.
    """
    return {
        version: frozenset(
            id
            for id in decided.get(version, frozenset())
            if id in catalogue.workspace.placements
            and question.goal in _goals(catalogue.workspace.placements[id], further)
            and (not question.placements or id in question.placements)
        )
        for version, catalogue in catalogues.items()
    }


def _goals(placement: Placement, further: bool) -> tuple[GoalId, ...]:
    return placement.aims if further else (placement.goal,)
