"""LightGBM forests, partially evaluated by binding time: trees become leaf masks, and the exit leaf is what is left."""

from models.forest.bound_forest import BoundForest, bind_forest, bind_layout
from models.forest.forest import Forest
from models.forest.layout import Layout, lay_out
from models.forest.parsing import parse_forest

__all__ = ["BoundForest", "Forest", "Layout", "bind_forest", "bind_layout", "lay_out", "parse_forest"]
