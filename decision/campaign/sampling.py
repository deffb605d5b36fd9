"""A sample of the audience: what is open to some customers of every chunk, and what it is worth, to find prices by."""

from random import Random

import msgspec
import numpy as np

from decision.allocation import Rows
from decision.campaign.campaign import Campaign

SAMPLE = 20_000
"""Customers that prices are found on; of a smaller audience all are asked."""


class SampleRows(msgspec.Struct, frozen=True):
    """Rows of a chunk's sample as bytes: the lengths of the rows, their candidates and their values."""

    lengths: bytes
    candidates: bytes
    values: bytes


class Sample(msgspec.Struct, frozen=True):
    """The samples of all chunks, in order."""

    chunks: list[SampleRows]


def sampled(campaign: Campaign, chunk: int, size: int) -> list[int]:
    """Which customers of a chunk of that size are in the sample, by their place in the chunk, ascending."""
    share = min(1.0, SAMPLE / campaign.customers)
    number = max(1, round(size * share))
    # By the campaign's name, so that it is the same sample whoever asks.
    return sorted(Random(f"{campaign.order.campaign} {chunk}").sample(range(size), number))


def pack_rows(rows: Rows) -> SampleRows:
    """Rows for another process, or for a file."""
    lengths = np.diff(rows.starts).astype(np.int32)
    return SampleRows(lengths.tobytes(), rows.candidates.tobytes(), rows.values.tobytes())


def unpack_rows(packed: list[SampleRows]) -> Rows:
    """Rows of several chunks, one after another."""
    lengths = np.concatenate([np.frombuffer(one.lengths, np.int32) for one in packed])
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)])
    candidates = np.concatenate([np.frombuffer(one.candidates, np.int32) for one in packed])
    return Rows(starts, candidates, np.concatenate([np.frombuffer(one.values) for one in packed]))
