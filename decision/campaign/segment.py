"""A segment: the customers whose stored profile meets a CEL condition."""

import msgspec
import numpy as np

from decision.engine.facts import facts_of
from decision.engine.snapshot import Snapshot
from decision.keys import customer_subject, profile_key
from decision.subject.profile import Profile
from rules.errors import ExpressionError, Fault, Invalid
from rules.expression import Binding, BoundProgram, Program, compile_expression
from rules.ids import CustomerId, Instant, PlacementId

READABLE = ("customer.", "affinity.", "trait.", "activity.", "now")
"""What a condition may read: a profile has no context, and a contact history is not read for a segment."""

_PREFIX, _SUFFIX = profile_key(customer_subject(CustomerId("\0"))).split("\0")

PROFILES = _PREFIX
"""How the keys of all customers' profiles begin."""


def customer_in_key(key: str) -> CustomerId:
    """Whose profile it is."""
    return CustomerId(key[len(_PREFIX) : -len(_SUFFIX)])


class Found(msgspec.Struct, frozen=True):
    """Who of some customers is in a segment, and whose profile is damaged, so that nobody can tell."""

    customers: list[CustomerId]
    unreadable: list[CustomerId]


class Segment(msgspec.Struct, frozen=True, eq=False):
    """A condition bound to a snapshot; a profile without an attribute that it reads does not meet it."""

    snapshot: Snapshot
    placement: PlacementId
    program: BoundProgram

    @classmethod
    def of(cls, source: str, snapshot: Snapshot, placement: PlacementId) -> "Segment":
        """A segment from a CEL source; raises `Invalid` when it is refused."""
        catalogue = snapshot.catalogue
        try:
            expression = compile_expression(source, catalogue.schema, gives="bool")
        except ExpressionError as error:
            raise Invalid((Fault("--segment", str(error)),)) from error
        others = [path for path in expression.reads if not path.startswith(READABLE)]
        if others or expression.binding is Binding.PAIR:
            raise Invalid((Fault("--segment", f"reads {', '.join(others)}; it may read the profile and now"),))
        return cls(snapshot, placement, Program([expression]).bind(catalogue.offers.take(np.arange(1))))

    def holds(self, profile: Profile, now: Instant) -> bool:
        """Whether the profile meets the condition."""
        facts = facts_of(
            self.snapshot.catalogue, self.snapshot.catalogue.placements[self.placement], profile, None, {}, now
        )
        (value,) = self.program.run(facts)
        return bool(value.passes.all())
