"""The pure engine: facts, screening, scores, the slate, and the same again for replay and explanation."""

from decision.engine.engine import decide

__all__ = ["decide"]
