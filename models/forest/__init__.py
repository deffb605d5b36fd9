"""LightGBM forests, partially evaluated by binding time: trees become leaf masks, and the exit leaf is what is left."""

from models.forest.bound_forest import BoundForest, bind_forest
from models.forest.forest import Forest
from models.forest.parsing import parse_forest

__all__ = ["BoundForest", "Forest", "bind_forest", "parse_forest"]
