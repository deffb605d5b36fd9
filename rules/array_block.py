"""Arrays in one block of memory, for a compiled function takes one array in a tenth of the time of twenty."""
# ruff: noqa: ARG001 (numba gives everything to everyone)

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array
from numpy.typing import NDArray

Block = NDArray[np.uint8]

CHECKSUM = crc32(Path(__file__).read_bytes())
"""Stands for this file: numba's cache on disk does not watch it, but what a compiled function closes over."""
_ALIGNED = 16
"""Bytes: every array begins at a multiple, more than any type asks for."""
_WORD = ir.IntType(64)


def pack(arrays: Sequence[NDArray[Any]]) -> Block:
    """Arrays of any type one after another, behind a table of where each begins and ends."""
    flat = [array.reshape(-1).view(np.uint8) for array in arrays]
    edges = np.empty((len(flat), 2), np.int64)
    end = edges.nbytes
    for number, array in enumerate(flat):
        begin = -(-end // _ALIGNED) * _ALIGNED
        end = begin + len(array)
        edges[number] = begin, end
    block = np.zeros(end, np.uint8)
    block[: edges.nbytes] = edges.reshape(-1).view(np.uint8)
    for (begin, end), array in zip(edges.tolist(), flat, strict=True):
        block[begin:end] = array
    return block


def _array_in(context: Any, block: Any, begin: Any, end: Any, kind: Any) -> Any:
    """The bytes from `begin` to before `end` of a block as an array of some kind, which does not hold the block."""
    array = types.Array(kind.dtype, 1, "C")

    def emit(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        own = context.make_array(signature.args[0])(context, builder, given[0])
        found = context.make_array(array)(context, builder)
        size = ir.Constant(_WORD, context.get_abi_sizeof(context.get_data_type(kind.dtype)))
        count = builder.udiv(builder.sub(given[2], given[1]), size)
        populate_array(
            found,
            data=builder.bitcast(builder.gep(own.data, [given[1]]), found.data.type),
            shape=cgutils.pack_array(builder, [count]),  # type: ignore[no-untyped-call]
            strides=cgutils.pack_array(builder, [size]),  # type: ignore[no-untyped-call]
            itemsize=size,
            meminfo=None,
        )
        return found._getvalue()

    return array(block, types.int64, types.int64, kind), emit


_in: Any = intrinsic(_array_in)


def _find(block: Block, number: int, kind: Any) -> Any:
    """The array with a number, flat and of its own type, for as long as the caller holds the block."""
    edges = _in(block, 16 * number, 16 * number + 16, np.int64)
    return _in(block, edges[0], edges[1], kind)


part: Any = njit(nogil=True)(_find)
"""For compiled functions alone."""
