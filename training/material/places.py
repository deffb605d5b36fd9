"""Which placements of which catalogue versions a question is about."""

from collections.abc import Mapping

from rules.catalogue import Catalogue
from rules.ids import PlacementId
from training.material.question import Question


def places_of(
    catalogues: Mapping[str, Catalogue], question: Question, decided: Mapping[str, frozenset[PlacementId]]
) -> dict[str, frozenset[PlacementId]]:
    """The placements of the question's goal in each catalogue version that decisions were made with."""
    return {
        version: frozenset(
            id
            for id in decided.get(version, frozenset())
            if id in catalogue.workspace.placements
            and catalogue.workspace.placements[id].goal == question.goal
            and (not question.placements or id in question.placements)
        )
        for version, catalogue in catalogues.items()
    }
