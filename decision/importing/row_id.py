"""Names for rows that bring none: their content, so that the same file again means the same rows."""

from collections import Counter
from hashlib import blake2b

import msgspec

from decision.decision_id import IMPORTED
from decision.importing.rows import Row
from rules.ids import DecisionId

_encoder = msgspec.json.Encoder(order="deterministic", enc_hook=str)


class RowIds:
    """The ids of one file's rows; equal rows are told apart by how often their content came before."""

    def __init__(self) -> None:
        self._seen: Counter[bytes] = Counter()

    def id_of(self, row: Row, given: str | None) -> str:
        """The id that the row brings, else one made from its content."""
        if given is not None:
            return given
        digest = content_digest(row.cells)
        self._seen[digest] += 1
        return f"row-{digest.hex()}-{self._seen[digest]}"


def content_digest(content: object) -> bytes:
    """A digest of plain values, whatever the order of keys."""
    return blake2b(_encoder.encode(content), digest_size=12).digest()


def imported_decision(id: str) -> DecisionId:
    """The decision id of an imported row; it holds no time, as our own do."""
    return DecisionId(f"{IMPORTED}{blake2b(id.encode(), digest_size=12).hexdigest()}")
