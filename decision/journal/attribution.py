"""What an outcome belongs to: the one piece of SQL by which rates, care, training, experiments and simulation agree.

An outcome counts up to and with the end of the window after its decision; one whose clock runs before its decision's
still followed it. One that names no offer is about the only one shown, or about nothing where none was.
"""


def offer_of(outcome: str, number: str, only: str) -> str:
    """SQL for the offer that an outcome is about, '' for none, or for one of several that it does not name.

    `outcome` is a struct, `number` how many offers its decision showed, and `only` the one there is where that is one.
    """
    return f"coalesce({outcome}.offer, CASE WHEN {number} = 1 THEN {only} ELSE '' END)"


def within(outcome: str, decided: str, window: str = "$window") -> str:
    """SQL for whether the moment of an outcome is inside the `window` after that of its decision."""
    return f"{outcome} <= {decided} + {window}"
