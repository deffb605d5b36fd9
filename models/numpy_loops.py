"""Numpy's own exponential and logarithm, for compiled code to call: the same bits as numpy gives, and as fast.

A compiled loop of one's own would match neither. Numpy hands out the loop of a ufunc for compilers to call
(`ufunc._resolve_dtypes_and_context` and `ufunc._get_strided_loop`, since 1.25); it says that this may change, so what
it hands out has a name, and one of another version is refused when this is imported.
"""
# ruff: noqa: ARG001 (numba gives everything to everyone)

import ctypes
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

_CAPSULE = b"numpy_1.24_ufunc_call_info"
_WORD, _SIZE = ir.IntType(64), ir.Constant(ir.IntType(64), 8)


class _Found(ctypes.Structure):
    """What is in numpy's capsule: a loop, and what to call it with."""

    _fields_ = (
        ("loop", ctypes.c_void_p),
        ("context", ctypes.c_void_p),
        ("auxiliary", ctypes.c_void_p),
        ("needs_python", ctypes.c_bool),
        ("leaves_flags_alone", ctypes.c_bool),
    )


def _open(capsule: object) -> _Found:
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    found = _Found.from_address(pointer(capsule, _CAPSULE))
    if found.needs_python:
        raise ImportError("numpy's loops over floats need Python's lock: install the numpy that Concierge pins")
    return found


def _capsule(ufunc: Any) -> object:
    number = np.dtype(np.float64)
    _, capsule = ufunc._resolve_dtypes_and_context((number, None))
    ufunc._get_strided_loop(capsule)
    return capsule


_CAPSULES = [_capsule(ufunc) for ufunc in (np.exp, np.log)]
"""Kept, because what the loops are called with lies in them."""
EXP, LOG = 0, 1
LOOPS: NDArray[np.int64] = np.array(
    [[found.loop, found.context, found.auxiliary or 0] for found in map(_open, _CAPSULES)], np.int64
)
"""The loops of this process: a compiled function takes them as an argument, for what it names is kept on disk."""
CHECKSUM = crc32(Path(__file__).read_bytes())
"""Stands for this file: numba's cache on disk does not watch it, but what a compiled function closes over."""


def _run_loop(context: Any, loops: Any, which: Any, values: Any) -> Any:
    """Replace float64 values, in place, by what one of the `loops` makes of them."""

    def emit(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        own, array = (context.make_array(signature.args[at])(context, builder, given[at]) for at in (0, 2))
        text = ir.IntType(8).as_pointer()
        first = builder.mul(given[1], ir.Constant(_WORD, 3))
        loop, call, auxiliary = (
            builder.load(builder.gep(own.data, [builder.add(first, ir.Constant(_WORD, at))])) for at in range(3)
        )
        values = builder.bitcast(array.data, text)
        kind = ir.FunctionType(ir.IntType(32), [text, text.as_pointer(), _WORD.as_pointer(), _WORD.as_pointer(), text])
        builder.call(
            builder.inttoptr(loop, kind.as_pointer()),
            [
                builder.inttoptr(call, text),
                _pair(builder, values),
                _pair(builder, builder.extract_value(array.shape, 0)),
                _pair(builder, _SIZE),
                builder.inttoptr(auxiliary, text),
            ],
        )
        return context.get_dummy_value()

    return types.none(loops, types.int64, values), emit


def _pair(builder: Any, value: Any) -> Any:
    """A place in memory that holds a value twice: for what is read and for what is written."""
    with builder.goto_entry_block():
        place = builder.alloca(value.type, 2)
    for at in range(2):
        builder.store(value, builder.gep(place, [ir.Constant(_WORD, at)]))
    return place


run_loop: Any = intrinsic(_run_loop)
