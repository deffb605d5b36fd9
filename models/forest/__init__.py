"""LightGBM forests, partially evaluated by binding time: only the splits that offers and request leave open are run."""

from models.forest.bound_forest import BoundForest, bind_forest, bind_layout
from models.forest.forest import Forest
from models.forest.layout import Layout, lay_out
from models.forest.parsing import parse_forest

__all__ = ["BoundForest", "Forest", "Layout", "bind_forest", "bind_layout", "lay_out", "parse_forest"]
