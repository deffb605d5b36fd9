"""The logged policy itself at rank 1: what it could have done, and how likely it was to show nothing."""

from collections.abc import Mapping

import msgspec
import numpy as np
from numpy.typing import NDArray

from decision.engine.replaying import GivenInputs
from decision.engine.slate import first_rank
from decision.engine.snapshot import Snapshot
from decision.engine.weighing import Weighing, weigh
from decision.journal.record import DecisionRecord
from rules.catalogue import Catalogue
from rules.division import CHAMPION, HOLDOUT


class Own(msgspec.Struct, frozen=True, eq=False):
    """What a record's own model and group make of it.

    `possible` bool[n + 1] is what could have stood at rank 1, over the candidates of the placement as everybody has it
    and, last, nothing; None where that is not known. `silence` is how likely a person who is not held out was shown
    nothing, None where that is not known. `weighing` is what the log drew from, or
    tells at least what it could do.
    """

    possible: NDArray[np.bool_] | None
    silence: float | None
    weighing: Weighing | None = None


UNKNOWN = Own(None, None)


def hangs_on_model(record: DecisionRecord, served: Snapshot) -> bool:
    """Whether it takes a record's own models to tell what the log could have done; `served` has its catalogue.

    Not where all that is open is tried, and no model says what is open or may be left for nothing.
    """
    ready = served.placement(record.request.placement, _group_of(record, served.catalogue))
    priced = record.terms is not None and record.terms.prices is not None
    return ready.bound.spec.exploration.epsilon == 0 or priced or ready.bound.goal.objective == "increment"


def own_of(
    record: DecisionRecord,
    given: GivenInputs,
    weighings: Mapping[str, Weighing],
    snapshots: Mapping[str, Snapshot],
    own: Snapshot | None,
) -> Own:
    """What the log could have done; `own` has the record's own models, None where they are not at hand.

    Without them it is known only where it does not hang on them: a placement that explores tries all that is open. But
    prices close what a model finds too dear, and how likely nothing is shown is a model's to say.
    """
    if record.source != "live":
        return UNKNOWN
    name, served = next(iter(snapshots.items()))
    catalogue, group = served.catalogue, _group_of(record, served.catalogue)
    if own is None:
        exploration = served.placement(record.request.placement, group).bound.spec.exploration
        if exploration.epsilon == 0 or given.terms.prices is not None:
            return UNKNOWN
    chosen = served if own is None else own
    name = next((name for name, snapshot in snapshots.items() if snapshot is chosen), "")
    weighing = weighings.get(name)
    if weighing is None or group != CHAMPION or "model" in given.without:
        weighing = weigh(
            record.request,
            given.profile,
            given.history,
            chosen,
            record.now,
            given.without,
            terms=given.terms,
            group=group,
        )
    bound = weighing.placement.bound
    rank = first_rank(weighing.scores, weighing.open, bound.spec.exploration, bound.mandatory, weighing.may_show_none)
    silence = float(rank[-1]) if own is not None or not weighing.may_show_none else None
    candidates = next(iter(weighings.values())).placement.bound.position
    possible = np.zeros(len(candidates) + 1, np.bool_)
    known = [(candidates[id], place) for id, place in bound.position.items() if id in candidates]
    possible[[place for place, _ in known]] = rank[[place for _, place in known]] > 0
    held_out = HOLDOUT in catalogue.division.shares(record.request.placement) and person_of(record) is not None
    possible[-1] = rank[-1] > 0 or (held_out and silence is not None)
    return Own(possible, silence, weighing)


def person_of(record: DecisionRecord) -> str | None:
    """Whom the division asked for; None for nobody in particular."""
    if record.customer is not None:
        return f"c:{record.customer}"
    return None if record.visitor is None else f"v:{record.visitor}"


def _group_of(record: DecisionRecord, catalogue: Catalogue) -> str:
    """The record's group, or the one that a person who is held out would have been in."""
    if record.decision.group != HOLDOUT:
        return record.decision.group
    person = person_of(record)
    layers = catalogue.division.layers.get(record.request.placement, ()) if person is not None else ()
    groups = (layer.group(str(person)) for layer in layers)
    return next((group for group in groups if group not in {None, HOLDOUT}), CHAMPION)
