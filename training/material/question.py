"""Which decisions are meant, and what counts as their outcome."""

from typing import Literal

import msgspec

from rules.duration import parse_duration
from rules.errors import NotFound
from rules.ids import Duration, GoalId, Instant, PlacementId
from rules.workspace import Objective, Workspace

Source = Literal["live", "import"]


class Question(msgspec.Struct, frozen=True):
    """Decisions of a goal whose attribution window has passed by `now`, from `since` to before `until`.

    Without `placements` all placements of the goal are meant, without `source` live and imported decisions.
    """

    goal: GoalId
    outcome: str
    window: Duration
    objective: Objective
    now: Instant
    since: Instant | None = None
    until: Instant | None = None
    placements: tuple[PlacementId, ...] = ()
    source: Source | None = None


def question_of(
    workspace: Workspace,
    goal: GoalId,
    now: Instant,
    since: Instant | None = None,
    until: Instant | None = None,
    placements: tuple[PlacementId, ...] = (),
    source: Source | None = None,
) -> Question:
    """The question about a goal as the workspace declares it; raises `NotFound` for a goal or placement it lacks."""
    declared = workspace.goals.get(goal)
    if declared is None:
        raise NotFound(f"There is no goal {goal!r}; the workspace has {', '.join(sorted(workspace.goals))}.")
    mine = tuple(sorted(id for id, placement in workspace.placements.items() if placement.goal == goal))
    for placement in placements:
        if placement not in mine:
            raise NotFound(f"Placement {placement!r} is not one of goal {goal!r}; those are {', '.join(mine)}.")
    window = parse_duration(declared.window)
    return Question(goal, declared.outcome, window, declared.objective, now, since, until, placements, source)
