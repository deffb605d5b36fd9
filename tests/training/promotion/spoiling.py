"""Ways to spoil what a challenger learns from: its labels, its features, or a feature that knows the outcome."""

from collections.abc import Callable, Sequence

import msgspec
import numpy as np

from decision.engine.replaying import inputs_of
from decision.engine.snapshot import Snapshot
from decision.engine.weighing import weigh
from decision.journal.record import DecisionRecord, OutcomeRecord, Record
from decision.subject.profile import encode_profile
from rules.ids import DecisionId
from tests.training.hotel import House
from training.learning.rows import Rows

Draw = np.random.Generator
SpoilRows = Callable[[Rows, Draw], Rows]
SpoilJournal = Callable[[House, Sequence[Record], Draw], list[Record]]

AFFINITIES = ("affinity_theme", "affinity_destination", "affinity_brand")


def labels_dealt_anew(rows: Rows, draw: Draw) -> Rows:
    """Every answer goes to some other decision."""
    return msgspec.structs.replace(rows, target=draw.permutation(rows.target))


def early_labels_dealt_anew(rows: Rows, draw: Draw) -> Rows:
    """The same in the first four fifths of the time; since then answers are where they belong."""
    until = int(len(rows) * 0.8)
    target = np.concatenate([draw.permutation(rows.target[:until]), rows.target[until:]])
    return msgspec.structs.replace(rows, target=target)


def labels_turned_round(rows: Rows, draw: Draw) -> Rows:
    """In the first four fifths of the time a fifth of the silent count as answers, and answers as silence."""
    until = int(len(rows) * 0.8)
    silent = (draw.random(until) < 0.2).astype(np.float64)
    early = np.where(rows.target[:until] > 0, 0.0, silent)
    return msgspec.structs.replace(rows, target=np.concatenate([early, rows.target[until:]]))


def features_of_others(rows: Rows, draw: Draw) -> Rows:
    """What belongs to the person is joined to the wrong decisions."""
    matrix = rows.matrix.copy()
    own = [column for column, name in enumerate(rows.inputs.names) if name not in {"theme", "price", "margin", "rate"}]
    matrix[:, own] = matrix[draw.permutation(len(rows))][:, own]
    return msgspec.structs.replace(rows, matrix=matrix)


def features_in_other_units(rows: Rows, draw: Draw) -> Rows:
    """Numbers are learned in units that are not those served."""
    scale = np.ones(rows.matrix.shape[1])
    for column, name in enumerate(rows.inputs.names):
        if name not in rows.inputs.categorical:
            scale[column] = draw.choice([0.01, 0.1, 10.0, 100.0])
    return msgspec.structs.replace(rows, matrix=rows.matrix * scale)


def features_in_other_order(rows: Rows, draw: Draw) -> Rows:
    """Columns of numbers are told by each other's names."""
    names = rows.inputs.names
    numbers = [column for column, name in enumerate(names) if name not in rows.inputs.categorical]
    matrix = rows.matrix.copy()
    matrix[:, numbers] = matrix[:, draw.permutation(numbers)]
    return msgspec.structs.replace(rows, matrix=matrix)


def features_after_the_answer(rows: Rows, draw: Draw) -> Rows:
    """Affinities were read from the profile after the answer had taught it."""
    matrix = rows.matrix.copy()
    for name in AFFINITIES:
        matrix[:, rows.inputs.names.index(name)] += 4.0 * rows.target
    return msgspec.structs.replace(rows, matrix=matrix)


def answers_lost_to_others(house: House, records: Sequence[Record], draw: Draw) -> list[Record]:
    """The journal itself credits answers to other decisions, which then count as answered."""
    decisions = [record for record in records if isinstance(record, DecisionRecord) and record.decision.offers]
    changed: list[Record] = []
    for record in records:
        if isinstance(record, OutcomeRecord):
            other = decisions[int(draw.integers(len(decisions)))]
            offer = other.decision.offers[0].offer
            at = type(record.at)(other.now + 600_000)
            changed.append(msgspec.structs.replace(record, decision=other.id, offer=offer, at=at))
        else:
            changed.append(record)
    return changed


def profiles_after_the_answer(house: House, records: Sequence[Record], draw: Draw, share: float = 1.0) -> list[Record]:
    """The journal itself holds profiles as they were after the answer, and so does all that is decided again."""
    answers: dict[DecisionId, OutcomeRecord] = {}
    for record in records:
        if isinstance(record, OutcomeRecord) and draw.random() < share:
            answers[record.decision] = record
    snapshot = Snapshot.build(house.catalogue, {})
    changed: list[Record] = []
    for record in records:
        if isinstance(record, DecisionRecord) and record.id in answers:
            changed.append(_taught(house, record, answers[record.id], snapshot))
        else:
            changed.append(record)
    return changed


def some_profiles_after_the_answer(house: House, records: Sequence[Record], draw: Draw) -> list[Record]:
    """The same for half of the answers."""
    return profiles_after_the_answer(house, records, draw, 0.5)


def _taught(house: House, record: DecisionRecord, answer: OutcomeRecord, snapshot: Snapshot) -> DecisionRecord:
    given = inputs_of(record)
    profile = house.taught(given.profile, answer)
    weighing = weigh(record.request, profile, given.history, snapshot, record.now)
    places = [weighing.placement.bound.position[shown.offer] for shown in record.decision.offers]
    vectors = weighing.features.matrix(np.array(places, np.intp)).tolist()
    offers = tuple(
        msgspec.structs.replace(shown, features=tuple(vector))
        for shown, vector in zip(record.decision.offers, vectors, strict=True)
    )
    decision = msgspec.structs.replace(record.decision, offers=offers)
    return msgspec.structs.replace(record, profile=encode_profile(profile), decision=decision)


SPOILED_ROWS: tuple[SpoilRows, ...] = (
    labels_dealt_anew,
    features_of_others,
    features_after_the_answer,
    early_labels_dealt_anew,
    features_in_other_units,
    labels_turned_round,
    features_in_other_order,
)
SPOILED_JOURNALS: tuple[SpoilJournal, ...] = (
    profiles_after_the_answer,
    answers_lost_to_others,
    some_profiles_after_the_answer,
)
