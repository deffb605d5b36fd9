"""Instructions that numba has no name for: on single bits, and on lanes, a vector of whole numbers held in registers.

Lanes are LLVM's own vectors, which it lowers to what the processor has: AVX-512, AVX2, SSE or NEON, as many registers
as they take. They live inside one compiled function only.
"""
# ruff: noqa: ARG001 (numba gives everything to everyone)

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, models, register_model

EIGHT = 8
"""Numbers of 64 bits in the largest register."""
VECTOR = 64
"""Bytes in the largest register."""

_INDEX = ir.IntType(32)
_WORD, _WORDS = ir.IntType(64), ir.VectorType(ir.IntType(64), EIGHT)
_FLOATS, _FOUR = ir.VectorType(ir.DoubleType(), EIGHT), ir.VectorType(ir.DoubleType(), EIGHT // 2)


class Lanes(types.Type):
    """So many whole numbers of a type (`types.uint8`, `types.uint16`) beside each other."""

    def __init__(self, number: int, element: Any) -> None:
        self.number, self.element = number, element
        super().__init__(f"{number} lanes of {element}")


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, lanes: Lanes) -> None:
        kind = ir.VectorType(ir.IntType(lanes.element.bitwidth), lanes.number)
        super().__init__(manager, lanes, kind)  # type: ignore[no-untyped-call]


def _count_bits(context: Any, mask: Any) -> Any:
    """How many bits of a mask are set."""

    def emit(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return builder.ctpop(given[0])

    return types.uint64(types.uint64), emit


def _compress(context: Any, source: Any, at: Any, mask: Any, out: Any, to: Any) -> Any:
    """Write to `out[to]` and so on those of eight floats from `source[at]` whose bit is set; the rest is undefined."""

    def emit(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        flags = ir.VectorType(ir.IntType(1), EIGHT)
        keep = builder.module.declare_intrinsic(
            "llvm.experimental.vector.compress.v8f64", fnty=ir.FunctionType(_FLOATS, [_FLOATS, flags, _FLOATS])
        )
        eight = _load(builder, _place(context, builder, source, given[0], given[1]), _FLOATS, 8)
        chosen = builder.bitcast(builder.trunc(given[2], ir.IntType(EIGHT)), flags)
        place = builder.bitcast(_place(context, builder, out, given[3], given[4]), _FLOATS.as_pointer())
        builder.store(builder.call(keep, [eight, chosen, ir.Constant(_FLOATS, ir.Undefined)]), place, align=8)
        return context.get_dummy_value()

    return types.none(source, types.uint64, types.uint64, out, types.uint64), emit


def _zero_lanes(context: Any, like: Any, number: Any) -> Any:
    """So many lanes of the type of an array's elements, all zero."""
    lanes = Lanes(number.literal_value, like.dtype)

    def emit(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return ir.Constant(context.get_value_type(lanes), None)

    return lanes(like, number), emit


def _number_of_lanes(context: Any, lanes: Any) -> Any:
    def emit(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return context.get_constant(types.uint64, lanes.number)

    return types.uint64(lanes), emit


def _send_right(
    context: Any, tags: Any, values: Any, at: Any, mask: Any, limit: Any, here: Any, right: Any
) -> Any:  # fmt: skip
    """Tags, `right` for those that are `here` and whose byte, from `values[at]` on, is under `mask` above `limit`.

    Mask, limit, here and right are words of 32 bits that repeat the byte, or the tag: processors read such a word into
    all lanes as they load it, but not a byte.
    """

    def emit(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        tag, array, offset, *words = given
        kind, bytes_ = tag.type, ir.VectorType(ir.IntType(8), tag.type.count)
        mask, limit = (_repeat(builder, word, bytes_) for word in words[:2])
        here, right = (_repeat(builder, word, kind) for word in words[2:])
        row = _load(builder, _place(context, builder, signature.args[1], array, offset), bytes_, 1)
        above = builder.icmp_unsigned(">", builder.and_(row, mask), limit)
        return builder.select(builder.and_(builder.icmp_unsigned("==", tag, here), above), right, tag)

    return tags(tags, values, types.uint64, *[types.uint32] * 4), emit


def _write_lanes(context: Any, lanes: Any, array: Any) -> Any:
    """Write lanes to the beginning of an array of their type."""

    def emit(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        place = _place(context, builder, signature.args[1], given[1], ir.Constant(_WORD, 0))
        builder.store(given[0], builder.bitcast(place, given[0].type.as_pointer()), align=1)
        return context.get_dummy_value()

    return types.none(lanes, array), emit


def _can_shuffle(context: Any, tags: Any) -> Any:
    """Whether there is `add_shuffled`: for tags of a byte, where the processor can choose among sixteen words."""

    def emit(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return context.get_constant(types.boolean, _has_shuffle(context, tags))

    return types.boolean(tags), emit


def _has_shuffle(context: Any, tags: Lanes) -> bool:
    # What is compiled for: the processor's own features, or `NUMBA_CPU_FEATURES`. They are a key of numba's cache.
    return tags.element == types.uint8 and "+avx512f" in context.codegen().magic_tuple()[2].split(",")


def _add_shuffled(context: Any, tags: Any, leaves: Any, first: Any, tables: Any, sums: Any) -> Any:
    """Add to sums the leaves that tags number from `leaves[first]` on; there are `tables` times 16.

    The sum of row 8 * j + i of each 64 is number 8 * i + j of them: to shift a word of eight tags brings each of them
    to the lowest bits, of which the instruction reads four, whatever is above. The leaves stay in registers all along.
    """

    def emit(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        if not _has_shuffle(context, tags):
            return context.get_dummy_value()
        tag, leaf_array, begin, _, sum_array = given
        # Words are chosen, not floats, and only four floats are added at a time: after instructions on eight floats the
        # processor runs slower for a while, and what comes after a forest loses more than the forest gains.
        choose = builder.module.declare_intrinsic(
            "llvm.x86.avx512.vpermi2var.q.512", fnty=ir.FunctionType(_WORDS, [_WORDS] * 3)
        )
        leaf = _place(context, builder, signature.args[1], leaf_array, begin)
        held = [
            _load(builder, builder.gep(leaf, [ir.Constant(_WORD, EIGHT * part)]), _WORDS, 8)
            for part in range(2 * tables.literal_value)
        ]
        place = _place(context, builder, signature.args[4], sum_array, ir.Constant(_WORD, 0))
        for group in range(0, tags.number, VECTOR):
            words = builder.bitcast(_slice(builder, tag, group, VECTOR), _WORDS)
            for byte in range(EIGHT):
                number = builder.lshr(words, _all(8 * byte))
                chosen = builder.call(choose, [held[0], number, held[1]])
                if tables.literal_value == 2:
                    beyond = builder.icmp_unsigned("!=", builder.and_(number, _all(16)), _all(0))
                    chosen = builder.select(beyond, builder.call(choose, [held[2], number, held[3]]), chosen)
                chosen = builder.bitcast(chosen, _FLOATS)
                for side in range(0, EIGHT, _FOUR.count):
                    here = builder.gep(place, [ir.Constant(_WORD, group + EIGHT * byte + side)])
                    here = builder.bitcast(here, _FOUR.as_pointer())
                    added = builder.fadd(builder.load(here, align=8), _slice(builder, chosen, side, _FOUR.count))
                    builder.store(added, here, align=8)
        return context.get_dummy_value()

    return types.none(tags, leaves, types.uint64, tables, sums), emit


def _slice(builder: Any, vector: Any, begin: int, number: int) -> Any:
    places = [ir.Constant(_INDEX, begin + at) for at in range(number)]
    nothing = ir.Constant(vector.type, ir.Undefined)
    return builder.shuffle_vector(vector, nothing, ir.Constant(ir.VectorType(_INDEX, number), places))


def _all(number: int) -> Any:
    return ir.Constant(_WORDS, [ir.Constant(_WORD, number)] * EIGHT)


def _repeat(builder: Any, word: Any, kind: Any) -> Any:
    """Lanes filled with a word, over and over."""
    many = ir.VectorType(word.type, kind.count * kind.element.width // word.type.width)
    nothing = ir.Constant(many, ir.Undefined)
    first = builder.insert_element(nothing, word, ir.Constant(_INDEX, 0))
    return builder.bitcast(
        builder.shuffle_vector(first, nothing, ir.Constant(ir.VectorType(_INDEX, many.count), None)), kind
    )


def _place(context: Any, builder: Any, kind: Any, array: Any, at: Any) -> Any:
    return builder.gep(context.make_array(kind)(context, builder, array).data, [at])


def _load(builder: Any, place: Any, kind: Any, align: int) -> Any:
    return builder.load(builder.bitcast(place, kind.as_pointer()), align=align)


count_bits: Any = intrinsic(_count_bits)
compress: Any = intrinsic(_compress)
zero_lanes: Any = intrinsic(prefer_literal=True)(_zero_lanes)
number_of_lanes: Any = intrinsic(_number_of_lanes)
send_right: Any = intrinsic(_send_right)
write_lanes: Any = intrinsic(_write_lanes)
can_shuffle: Any = intrinsic(_can_shuffle)
add_shuffled: Any = intrinsic(prefer_literal=True)(_add_shuffled)
