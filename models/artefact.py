"""The model artefact: one immutable, content-addressed blob that holds all a worker needs to serve a goal."""

import zlib
from typing import Literal

import msgspec

from models.calibration import Calibration
from models.gate import Gate
from models.rates import Rates
from models.reference import Reference
from rules.content import content_address
from rules.errors import ArtefactError
from rules.ids import GoalId, Instant, ModelVersion, OfferId
from rules.workspace import Objective

FORMAT = 1
MAGIC = b"concierge-model\n"
POSITION = "position"
"""A model input that no workspace declares: the rank an offer was shown at, from 1; constant 1 when deciding."""


class ModelFeature(msgspec.Struct, frozen=True):
    """One input of a forest, in the forest's order; `value` is its CEL source, empty for `position`."""

    name: str
    value: str = ""


class WarmUp(msgspec.Struct, frozen=True):
    """Rows that a worker scores before it serves, and what LightGBM gave for them.

    `rows` hold the raw values of the features in the forest's order (strings as codes, NaN when missing); `scores` are
    raw scores. A worker must reproduce them bit for bit.
    """

    rows: tuple[tuple[float, ...], ...]
    scores: tuple[float, ...]


class Artefact(msgspec.Struct, frozen=True, kw_only=True):
    """A model for one goal.

    `forest` is LightGBM's text format. `categories` holds, for each categorical feature over strings, the sorted codes
    that training saw: a code's index is the category in the forest. `metrics` is by baseline and measure.
    `window` is the time of the decisions learned from, from and to before; of those before `settled` (None: of all) it
    was known what came of them. `evidence` is how many shown offers they were, and `evidence_by_offer` how many of
    each. `variation` is by how many times its mean the outcome of a shown offer varies (standard deviation over mean; 0
    where it is not known): with the evidence it says how far a prediction may be off. `gate` is what was checked before
    it was put to use, None where nothing was; `reference` what its inputs and predictions looked like then.
    """

    kind: Literal["rates", "forest"]
    goal: GoalId
    objective: Objective
    created: Instant
    format: int = FORMAT
    window: tuple[Instant, Instant] | None = None
    settled: Instant | None = None
    evidence: int = 0
    evidence_by_offer: dict[OfferId, int] = {}
    variation: float = 0.0
    metrics: dict[str, dict[str, float]] = {}
    rates: Rates = Rates()
    features: tuple[ModelFeature, ...] = ()
    categories: dict[str, tuple[int, ...]] = {}
    forest: str = ""
    calibration: Calibration | None = None
    warm_up: WarmUp = WarmUp((), ())
    gate: Gate | None = None
    reference: Reference | None = None


_encoder = msgspec.msgpack.Encoder(order="deterministic")
_decoder = msgspec.msgpack.Decoder(Artefact)


class _Header(msgspec.Struct):
    format: int


_header_decoder = msgspec.msgpack.Decoder(_Header)


def encode_artefact(artefact: Artefact) -> bytes:
    """The blob of an artefact; equal artefacts give equal blobs."""
    return MAGIC + zlib.compress(_encoder.encode(artefact), 9)


def decode_artefact(blob: bytes) -> Artefact:
    """The artefact in a blob; raises `ArtefactError` when it is damaged or of another format."""
    if not blob.startswith(MAGIC):
        raise ArtefactError("this is no Concierge model: publish the file that `concierge train` wrote")
    try:
        packed = zlib.decompress(blob[len(MAGIC) :])
        format = _header_decoder.decode(packed).format
        if format != FORMAT:
            raise ArtefactError(f"the model has format {format}, this version serves format {FORMAT}: train it again")
        return _decoder.decode(packed)
    except (zlib.error, msgspec.MsgspecError) as error:
        raise ArtefactError(f"the model is damaged ({error}): publish it again") from error


def version_of(blob: bytes) -> ModelVersion:
    """The version that names a blob."""
    return ModelVersion(content_address(blob))
