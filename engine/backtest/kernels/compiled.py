"""Compilation of the sweep kernels, and the machine instructions that they need beyond Python's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from engine.core.compiled import compiled

F = TypeVar("F", bound=Callable[..., Any])

_WORD = ir.IntType(64)
_LANES, _REALS = ir.VectorType(ir.IntType(16), 64), ir.VectorType(ir.DoubleType(), 8)


def kernel(function: F) -> F:
    """``function`` compiled: see ``engine.core.compiled``."""
    return compiled(function, __file__)


def inlined(function: F) -> F:
    """A kernel that becomes part of each kernel that calls it."""
    return compiled(function, __file__, forceinline=True)


def lean(function: F) -> F:
    """A kernel that makes no array and returns none, and so need not count references to those that it is given: many
    small ones that hand arrays on spend half of their time on that.
    """
    return compiled(function, __file__, counting=False)


def lean_inlined(function: F) -> F:
    """A lean kernel that becomes part of each kernel that calls it."""
    return compiled(function, __file__, forceinline=True, counting=False)


def _instruction(generator: Callable[..., Any]) -> Callable[..., Any]:
    return intrinsic(generator)


def _load(context: Any, builder: Any, kind: Any, array: Any, at: Any, lanes: Any = _LANES) -> Any:
    """64 values from position ``at`` of the data of ``array`` on: uint16, or what ``lanes`` are."""
    data = context.make_array(kind)(context, builder, array).data
    place = builder.bitcast(builder.gep(data, [at]), lanes.as_pointer())
    return builder.load(place, align=2 if lanes is _LANES else 8)


def _comparison(sign: str) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        loaded = [_load(context, builder, signature.args[0], given[0], at) for at in given[1:]]
        return builder.bitcast(builder.icmp_unsigned(sign, *loaded), _WORD)

    return codegen


@_instruction
def above64(_: Any, codes: Any, one: Any, other: Any) -> Any:
    """Bit i says whether code ``one + i`` exceeds code ``other + i``: positions in contiguous uint16 of any shape."""
    return types.uint64(codes, types.intp, types.intp), _comparison(">")


@_instruction
def equal64(_: Any, codes: Any, one: Any, other: Any) -> Any:
    """Bit i says whether code ``one + i`` is code ``other + i``; as ``above64``."""
    return types.uint64(codes, types.intp, types.intp), _comparison("==")


@_instruction
def known64(_: Any, codes: Any, one: Any) -> Any:
    """Bit i says whether code ``one + i`` is not zero; as ``above64``."""

    def codegen(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        loaded = _load(context, builder, signature.args[0], given[0], given[1])
        return builder.bitcast(builder.icmp_unsigned("!=", loaded, ir.Constant(_LANES, None)), _WORD)

    return types.uint64(codes, types.intp), codegen


def _spread(builder: Any, value: Any, lanes: Any) -> Any:
    """``value`` in each of the ``lanes``."""
    first = builder.insert_element(ir.Constant(lanes, ir.Undefined), value, ir.IntType(32)(0))
    return builder.shuffle_vector(first, first, ir.Constant(ir.VectorType(ir.IntType(32), lanes.count), None))


@_instruction
def exceeds64(_: Any, codes: Any, one: Any, limit: Any) -> Any:
    """Bit i says whether code ``one + i`` exceeds the code ``limit``; as ``above64``."""

    def codegen(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        limits = _spread(builder, builder.trunc(given[2], _LANES.element), _LANES)
        loaded = _load(context, builder, signature.args[0], given[0], given[1])
        return builder.bitcast(builder.icmp_unsigned(">", loaded, limits), _WORD)

    return types.uint64(codes, types.intp, types.intp), codegen


def _eight(sign: str, limited: bool = True) -> Any:
    """A comparison of eight float64 with a limit, or of each with itself: a bit of a byte for each."""

    def codegen(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        values = _load(context, builder, signature.args[0], given[0], given[1], _REALS)
        limit = _spread(builder, given[2], _REALS) if limited else values
        found = (builder.fcmp_ordered if limited else builder.fcmp_unordered)(sign, values, limit)
        return builder.zext(builder.bitcast(found, ir.IntType(8)), _WORD)

    return codegen


@_instruction
def below8(_: Any, values: Any, at: Any, limit: Any) -> Any:
    """Bit i says whether value ``at + i``, of contiguous float64 of any shape, is below ``limit``, for i below 8."""
    return types.uint64(values, types.intp, types.float64), _eight("<")


@_instruction
def above8(_: Any, values: Any, at: Any, limit: Any) -> Any:
    """Bit i says whether value ``at + i`` is above ``limit``; as ``below8``."""
    return types.uint64(values, types.intp, types.float64), _eight(">")


@_instruction
def unknown8(_: Any, values: Any, at: Any) -> Any:
    """Bit i says whether value ``at + i`` is NaN; as ``below8``."""
    return types.uint64(values, types.intp), _eight("uno", limited=False)


@_instruction
def add8(_: Any, sums: Any, factors: Any, at: Any, left: Any, scale: Any, other: Any) -> Any:
    """Add ``scale`` times value ``at + i`` of ``factors``, plus ``other``, to that of ``sums``, for i below 8 and
    ``left``; both are contiguous float64 and have eight values from ``at`` on. Nothing times NaN is nothing here.
    """

    def codegen(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        into, by, place, left, scale, other = given
        before = _load(context, builder, signature.args[0], into, place, _REALS)
        factor = _load(context, builder, signature.args[1], by, place, _REALS)
        nothing = builder.fcmp_ordered("==", scale, scale.type(0.0))
        product = builder.fmul(_spread(builder, scale, _REALS), factor)
        scaled = builder.select(nothing, ir.Constant(_REALS, None), product)
        after = builder.fadd(before, builder.fadd(scaled, _spread(builder, other, _REALS)))
        lanes = ir.VectorType(_WORD, 8)
        chosen = builder.icmp_signed("<", lanes(list(range(8))), _spread(builder, left, lanes))
        data = context.make_array(signature.args[0])(context, builder, into).data
        target = builder.bitcast(builder.gep(data, [place]), _REALS.as_pointer())
        builder.store(builder.select(chosen, after, before), target, align=8)
        return context.get_dummy_value()

    return types.none(sums, factors, types.intp, types.intp, types.float64, types.float64), codegen


@_instruction
def lowest(_: Any, word: Any) -> Any:
    """The place of the lowest bit of ``word`` that is set, 64 for none."""

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return builder.cttz(given[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64), generate


@_instruction
def highest(_: Any, word: Any) -> Any:
    """The place of the highest bit of ``word`` that is set, -1 for none."""

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        leading = builder.ctlz(given[0], ir.Constant(ir.IntType(1), 0))
        return builder.sub(ir.Constant(_WORD, 63), leading)

    return types.int64(types.uint64), generate


@_instruction
def ones(_: Any, word: Any) -> Any:
    """How many bits of ``word`` are set."""

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return builder.ctpop(given[0])

    return types.int64(types.uint64), generate
