"""What can go wrong while training.

ConciergeError
└── TrainingError         there is not enough to learn or to judge from; says what is missing
"""

from rules.errors import ConciergeError


class TrainingError(ConciergeError):
    """The journal does not hold what training or evaluation needs."""
