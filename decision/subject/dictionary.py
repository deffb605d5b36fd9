"""The words that a catalogue lets profiles hold, as they stand in an encoded profile."""

import msgspec

from rules.catalogue import Catalogue

MOST = 16_384
"""Bytes of a dictionary: references reach back 32,768, and finding one takes longer in a larger one."""

_INSTANT = b"\xcf\x00\x00\x01"
"""How a moment of this century begins in MessagePack."""

_encode = msgspec.msgpack.encode


def profile_dictionary(catalogue: Catalogue) -> bytes:
    """What encoded profiles are likely to have in common; the same catalogue gives the same bytes.

    The names of everything, each followed by its usual values: the closed sets of attributes, and for an affinity the
    offers' words with the weights that one event gives.
    """
    workspace = catalogue.workspace
    parts: list[bytes] = []
    for name, declared in workspace.affinities.items():
        weights = sorted(set(declared.weights.values())) or [1.0]
        column = catalogue.offers.columns.get(declared.offer)
        parts.append(_encode(name))
        for place, word in enumerate(() if column is None else column.words):
            parts += (_encode(word), b"\x92", _encode(float(weights[place % len(weights)])), _INSTANT)
    for name in workspace.activities:
        parts += (_encode(name), b"\x93\x01", _encode(0.0), _INSTANT)
    for name, attribute in workspace.attributes.customer.items():
        parts += (_encode(name), *map(_encode, attribute.values or ()))
    consents = {placement.consent for placement in workspace.placements.values() if placement.consent is not None}
    parts += (_encode(consent) + b"\xc3" for consent in sorted(consents))
    return b"".join(parts)[-MOST:]
