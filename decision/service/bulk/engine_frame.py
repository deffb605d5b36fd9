"""What a worker and its engine processes say to each other: MessagePack messages, each behind its length.

Every message of the worker is answered by one, in the same order.
"""

import msgspec

from decision.service.bulk.task import Outcome, Task
from decision.version.versions import Parcel

LENGTH_BYTES = 4


class Load(msgspec.Struct, frozen=True, tag="load"):
    """Build a snapshot and call it `number`; the answer is `Outcomes` of nothing."""

    number: int
    parcel: Parcel


class Batch(msgspec.Struct, frozen=True, tag="batch"):
    """Weigh tasks against the snapshot of that number."""

    number: int
    tasks: list[Task]


class Drop(msgspec.Struct, frozen=True, tag="drop"):
    """Forget a snapshot; the answer is `Outcomes` of nothing."""

    number: int


Message = Load | Batch | Drop

Outcomes = list[Outcome]
"""One for each task, in order."""

_encoder = msgspec.msgpack.Encoder()
_message: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(Message)
_outcomes: msgspec.msgpack.Decoder[Outcomes] = msgspec.msgpack.Decoder(Outcomes)


def encode_frame(said: Message | Outcomes) -> bytes:
    """A message with its length before it."""
    body = _encoder.encode(said)
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


def decode_message(body: bytes) -> Message:
    """What the worker wants."""
    return _message.decode(body)


def decode_outcomes(body: bytes) -> Outcomes:
    """What became of it."""
    return _outcomes.decode(body)
