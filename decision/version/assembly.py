"""From the bytes of a catalogue and its models to a snapshot that is verified and warm.

What cannot be served is named and left out: a model gives way to the one served before, or to none, for a catalogue's
rules must take effect.
"""

import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Set

import msgspec

from decision.engine.engine import decide
from decision.engine.request import DecisionRequest
from decision.engine.snapshot import Snapshot
from decision.subject.profile import EMPTY_PROFILE
from decision.version.registry import CATALOGUE_SLOT, Kind
from models.model import Model, load_model
from rules.catalogue import Catalogue
from rules.contact import NO_CONTACTS
from rules.division import CHAMPION
from rules.errors import ConciergeError
from rules.ids import GoalId, Instant, PlacementId
from rules.package import unpack


class Choice(msgspec.Struct, frozen=True):
    """What a snapshot shall be made of: a catalogue and, by goal, models, the wanted one first, and challengers."""

    catalogue: str
    models: dict[GoalId, tuple[str, ...]]
    challengers: dict[GoalId, str] = {}


class Order(msgspec.Struct, frozen=True):
    """A choice with its blobs.

    A goal that has an entry should have a model, also when nothing stands there any more.
    """

    catalogue: tuple[str, bytes]
    models: dict[GoalId, tuple[tuple[str, bytes], ...]]
    challengers: dict[GoalId, tuple[str, bytes]] = {}


class Past(msgspec.Struct, frozen=True):
    """The blobs that an old decision was made with; `lacking` is its placement if that went without its model.

    `challenger` is the model that was tried beside its own.
    """

    catalogue: bytes
    models: tuple[bytes, ...]
    lacking: PlacementId | None
    challenger: bytes | None = None


class Refusal(msgspec.Struct, frozen=True):
    """A version that cannot be served, and why; `trace` tells where, when nobody foresaw it."""

    kind: Kind
    slot: str
    version: str
    reason: str
    trace: str = ""

    @classmethod
    def of(cls, kind: Kind, slot: str, version: str, error: Exception) -> "Refusal":
        """The refusal of a version because of an error."""
        trace = "" if isinstance(error, ConciergeError) else "".join(traceback.format_exception(error))
        return cls(kind, slot, version, str(error) or type(error).__name__, trace)


class Assembled(msgspec.Struct, frozen=True, eq=False):
    """The snapshot, None when its catalogue was refused, and all that was refused on the way."""

    snapshot: Snapshot | None
    refused: tuple[Refusal, ...]


class Making(msgspec.Struct, frozen=True):
    """How catalogues and models are made of their blobs; a model that is made is verified."""

    catalogue: Callable[[bytes], Catalogue] = unpack
    model: Callable[[bytes], Model] = load_model


ANEW = Making()


def assemble(order: Order, now: Instant, making: Making = ANEW) -> Assembled:
    """Load, verify, bind and warm what an order names; takes tenths of a second."""
    refused: list[Refusal] = []
    version, blob = order.catalogue
    try:
        snapshot = _bind(making.catalogue(blob), order, making.model, refused)
        for _ in warm_up(snapshot, now):
            pass
    except Exception as error:
        refused.append(Refusal.of("catalogue", CATALOGUE_SLOT, version, error))
        return Assembled(None, tuple(refused))
    return Assembled(snapshot, tuple(refused))


def restore(past: Past) -> Snapshot:
    """Make again what an old decision was made with; raises `ArtefactError`."""
    catalogue = unpack(past.catalogue)
    models = [load_model(blob) for blob in past.models]
    challengers = [] if past.challenger is None else [load_model(past.challenger)]
    lacking = () if past.lacking is None else (catalogue.workspace.placements[past.lacking].goal,)
    return Snapshot.build(
        catalogue,
        {model.goal: model for model in models},
        frozenset(lacking),
        {model.goal: model for model in challengers},
    )


def warm_up(snapshot: Snapshot, now: Instant) -> Iterator[PlacementId]:
    """Warm one placement after the other."""
    for placement in snapshot.placements:
        warm(snapshot, placement, now)
        yield placement


def warm(snapshot: Snapshot, placement: PlacementId, now: Instant) -> None:
    """Decide once as each group, for nobody, so that the next one finds all that is made when it is first needed."""
    for group in (CHAMPION, *(group for id, group in snapshot.arms if id == placement)):
        decide(DecisionRequest(placement), EMPTY_PROFILE, NO_CONTACTS, snapshot, now, 0, group=group)


def _bind(catalogue: Catalogue, order: Order, model_of: Callable[[bytes], Model], refused: list[Refusal]) -> Snapshot:
    """With all that is wanted; goal by goal only when something of it cannot be had."""
    wanted = {goal: blobs for goal, blobs in order.models.items() if goal in catalogue.workspace.goals}
    tried = {goal: blob for goal, blob in order.challengers.items() if goal in catalogue.workspace.goals}
    try:
        first = {goal: model_of(blobs[0][1]) for goal, blobs in wanted.items() if blobs}
        challengers = {goal: model_of(blob) for goal, (_, blob) in tried.items()}
        return _snapshot(catalogue, first, wanted.keys(), challengers)
    except Exception:
        challenging = {goal: _fitting(catalogue, goal, [blob], model_of, refused) for goal, blob in tried.items()}
        fitting = {goal: _fitting(catalogue, goal, blobs, model_of, refused) for goal, blobs in wanted.items()}
        return _snapshot(catalogue, _there(fitting), wanted.keys(), _there(challenging))


def _snapshot(
    catalogue: Catalogue, models: Mapping[GoalId, Model], wanted: Set[GoalId], challengers: Mapping[GoalId, Model]
) -> Snapshot:
    return Snapshot.build(catalogue, models, frozenset(wanted - models.keys()), challengers)


def _there(models: Mapping[GoalId, Model | None]) -> dict[GoalId, Model]:
    return {goal: model for goal, model in models.items() if model is not None}


def _fitting(
    catalogue: Catalogue,
    goal: GoalId,
    blobs: Iterable[tuple[str, bytes]],
    model_of: Callable[[bytes], Model],
    refused: list[Refusal],
) -> Model | None:
    for version, blob in blobs:
        try:
            model = model_of(blob)
            Snapshot.build(catalogue, {goal: model})
        except Exception as error:
            refused.append(Refusal.of("model", goal, version, error))
        else:
            return model
    return None
