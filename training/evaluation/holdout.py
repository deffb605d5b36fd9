"""The holdout as part of the logged policy: a person is held out by chance too, and what follows tells of nothing.

Given that nobody chose who is held out, showing nothing has the holdout's share as its probability, and every offer
what is left of its own. Estimates then use all persons, and the log supports policies that show nothing.
"""

from msgspec.structs import replace

from decision.journal.record import DecisionRecord
from rules.division import HOLDOUT
from training.evaluation.own import person_of
from training.evaluation.policies import Action, Conduct


def over_all_groups(action: Action, record: DecisionRecord, conduct: Conduct) -> Action | None:
    """A logged action with its probability over all persons, whether held out or not; None for one to leave out.

    Of a person who is held out it must be said how likely the others are to be shown nothing. Where that is a choice
    and the model that made it is not at hand, the holdout is left out, and the others' probabilities stay.
    """
    if record.source != "live":
        return action
    held, silence = record.decision.group == HOLDOUT, conduct.own.silence
    if silence is None:
        return None if held else action
    if person_of(record) is None:
        return action
    share = conduct.snapshot.catalogue.division.shares(record.request.placement).get(HOLDOUT, 0.0)
    if action.offer is not None:
        return replace(action, probability=action.probability * (1.0 - share))
    otherwise = silence if held else action.probability
    return replace(action, probability=share + (1.0 - share) * otherwise)
