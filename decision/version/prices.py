"""Prices of volume places as an immutable version, so that what was decided with them can be decided again."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from decision.engine.terms import Prices, PricesVersion
from rules.content import content_address
from rules.ids import CatalogueVersion


class _Blob(msgspec.Struct, frozen=True):
    catalogue: CatalogueVersion
    by_place: tuple[float, ...]


_decoder = msgspec.msgpack.Decoder(_Blob)


def encode_prices(catalogue: CatalogueVersion, by_place: NDArray[np.float64]) -> bytes:
    """The prices of a catalogue's volume places as a blob, to be put into the registry as kind `prices`."""
    return msgspec.msgpack.encode(_Blob(catalogue, tuple(by_place.tolist())))


def decode_prices(blob: bytes) -> Prices:
    """The prices in a blob."""
    return Prices(PricesVersion(content_address(blob)), np.array(_decoder.decode(blob).by_place, np.float64))
