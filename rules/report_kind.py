"""Which kinds of event and outcome a workspace makes any use of; others are kept, but nothing follows from them."""

from rules.workspace import Workspace


def event_kinds(workspace: Workspace) -> frozenset[str]:
    """The kinds of event that an affinity or an activity learns from."""
    activities = (kind for activity in workspace.activities.values() for kind in activity.events)
    return frozenset((*_learned(workspace), *activities))


def outcome_kinds(workspace: Workspace) -> frozenset[str]:
    """The kinds of outcome that a goal, an affinity, a counter or the contact policy is about."""
    responses = (kind for policy in workspace.contact_policy for kind in policy.unless)
    return frozenset((*measured_kinds(workspace), *responses))


def measured_kinds(workspace: Workspace) -> frozenset[str]:
    """The kinds of outcome that a goal, an affinity, a counter or the contact policy counts; others only clear."""
    goals = (goal.outcome for goal in workspace.goals.values())
    counters = (counter.count for counter in workspace.counters.values())
    policies = (policy.count for policy in workspace.contact_policy)
    return frozenset((*_learned(workspace), *goals, *counters, *policies))


def _learned(workspace: Workspace) -> frozenset[str]:
    return frozenset(kind for affinity in workspace.affinities.values() for kind in affinity.weights)
