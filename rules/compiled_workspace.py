"""Every expression of a workspace, compiled once; those that are refused are reported together."""

import re
from collections.abc import Mapping

import msgspec

from rules.errors import ExpressionError
from rules.experiment_check import arm_keys
from rules.expression import Binding, Expression, Gives, Schema, compile_expression
from rules.ids import GoalId, PlacementId
from rules.shape import Mistake, entry_keys
from rules.workspace import Workspace


class CompiledRule(msgspec.Struct, frozen=True):
    """A rule's selector and condition."""

    offers: Expression
    holds: Expression


class CompiledWorkspace(msgspec.Struct, frozen=True):
    """The expressions by what they belong to; rules, levers and volume limits in their order, None where refused.

    `arms` has what narrows the candidates, by group.
    """

    candidates: Mapping[PlacementId, Expression]
    context_weights: Mapping[PlacementId, Expression]
    values: Mapping[GoalId, Expression]
    rules: tuple[CompiledRule | None, ...]
    levers: tuple[Expression | None, ...]
    volumes: tuple[Expression | None, ...]
    arms: Mapping[str, Expression]

    @classmethod
    def of(
        cls, workspace: Workspace, schema: Schema, doubtful: frozenset[str] = frozenset()
    ) -> tuple["CompiledWorkspace", tuple[Mistake, ...]]:
        """The workspace's expressions, and a key and sentence for each that is refused.

        An expression that mentions a `doubtful` path (`customer.tier`, or `customer.` for all of them), whose type is
        not known, is passed over in silence.
        """
        desk = _Desk(schema, doubtful)
        candidates: dict[PlacementId, Expression] = {}
        weights: dict[PlacementId, Expression] = {}
        values: dict[GoalId, Expression] = {}
        for id, placement in workspace.placements.items():
            selector = desk.select(f"placements.{id}.candidates", placement.candidates)
            if selector is not None:
                candidates[id] = selector
            if placement.context_weight is not None:
                weight = desk.number(f"placements.{id}.context_weight", placement.context_weight)
                if weight is not None:
                    weights[id] = weight
        for goal_id, goal in workspace.goals.items():
            if goal.value is not None:
                value = desk.number(f"goals.{goal_id}.value", goal.value)
                if value is not None:
                    values[goal_id] = value
        rules: list[CompiledRule | None] = []
        for rule, key in zip(workspace.rules, entry_keys("rules", [rule.id for rule in workspace.rules]), strict=True):
            offers = desk.select(f"{key}.offers", rule.offers)
            holds = desk.condition(f"{key}.holds", rule.holds)
            rules.append(None if offers is None or holds is None else CompiledRule(offers, holds))
        lever_keys = entry_keys("levers", [lever.id for lever in workspace.levers])
        levers = tuple(
            desk.select(f"{key}.offers", lever.offers) for lever, key in zip(workspace.levers, lever_keys, strict=True)
        )
        volume_keys = entry_keys("volume", [limit.id for limit in workspace.volume])
        volumes = tuple(
            desk.select(f"{key}.offers", limit.offers) for limit, key in zip(workspace.volume, volume_keys, strict=True)
        )
        feature_keys = entry_keys("features", [feature.name for feature in workspace.features])
        for feature, key in zip(workspace.features, feature_keys, strict=True):
            desk.feature(f"{key}.value", feature.value)
        return cls(candidates, weights, values, tuple(rules), levers, volumes, _arms(desk, workspace)), tuple(
            desk.mistakes
        )


class _Desk:
    def __init__(self, schema: Schema, doubtful: frozenset[str]) -> None:
        self.schema = schema
        paths = (re.escape(path) + ("" if path.endswith(".") else r"\b") for path in sorted(doubtful))
        self.doubtful = re.compile(rf"(?<![\w.])(?:{'|'.join(paths)})") if doubtful else None
        self.mistakes: list[Mistake] = []

    def select(self, key: str, source: str) -> Expression | None:
        return self._compile(key, source, "bool", Binding.OFFER)

    def condition(self, key: str, source: str) -> Expression | None:
        return self._compile(key, source, "bool")

    def number(self, key: str, source: str) -> Expression | None:
        return self._compile(key, source, "number")

    def feature(self, key: str, source: str) -> Expression | None:
        return self._compile(key, source, "feature")

    def _compile(self, key: str, source: str, gives: Gives, binding: Binding | None = None) -> Expression | None:
        if self.doubtful is not None and self.doubtful.search(source):
            return None
        try:
            return compile_expression(source, self.schema, gives=gives, binding=binding)
        except ExpressionError as error:
            self.mistakes.append((key, str(error)))
            return None


def _arms(desk: _Desk, workspace: Workspace) -> dict[str, Expression]:
    found: dict[str, Expression] = {}
    for key, experiment, arm in arm_keys(workspace.experiment):
        selector = None if arm.candidates is None else desk.select(f"{key}.candidates", arm.candidates)
        if selector is not None:
            found[experiment.group_of(arm)] = selector
    return found
