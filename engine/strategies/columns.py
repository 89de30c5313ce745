"""Values of a field for many combinations at once, and what becomes of them in a condition.

A sweep asks a condition for many values of an elementwise field, as a column. A column times a line, plus another line,
is remembered as such, and comparing it with a line is one compiled pass that gives a bit for each value and bar, of the
very numbers that one value alone gives. Whatever else is done with these objects happens to the arrays that they stand
for: only the speed differs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import NDArray

from engine.strategies.stacks import Stack

GREATER, AT_LEAST, ABOVE = range(3)
"""Comparisons of a line with another: >, >=, and ``flags.above``."""

Array = NDArray[Any]


class Compare(Protocol):
    """The loop behind comparisons: into ``words`` (values, words), bit by bit, whether the first of ``lines`` (3, bars
    padded to words with NaN) stands to the second plus ``values`` times the third as ``operation`` says.
    """

    def __call__(self, lines: Array, values: Array, operation: int, words: Array) -> None: ...


class Many(NDArrayOperatorsMixin):
    """Stands for an array with a row for each value, which ``np.asarray`` computes."""

    def array(self) -> Array:
        raise NotImplementedError

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.asarray(self.array(), dtype=dtype)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *given: Any, **options: Any) -> Any:
        follow = _FOLLOWED.get(ufunc) if method == "__call__" and not options else None
        found = follow(*given) if follow else None
        if found is None and method == "__call__" and not options and all(map(_is_value, given)):
            found = _column(ufunc, given)
        if found is not None:
            return found
        plain = [item.array() if isinstance(item, Many) else item for item in given]
        return getattr(ufunc, method)(*plain, **options)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.array(), name)

    def __getitem__(self, place: Any) -> Any:
        return self.array()[place]

    def __len__(self) -> int:
        return len(self.array())


@dataclass(frozen=True, eq=False)
class Column(Many):
    """``values`` (values, 1) of a field."""

    values: Array
    compare: Compare

    def array(self) -> Array:
        return self.values


@dataclass(frozen=True, eq=False)
class Scaled(Many):
    """``base`` + a column x ``unit``: lines or stacks of them, ``base`` None where there is none."""

    column: Column
    unit: Any
    base: Any = None

    def array(self) -> Array:
        scaled: Array = self.column.values * self.unit
        return scaled if self.base is None else np.add(self.base, scaled)


@dataclass(frozen=True, eq=False)
class Words(Many):
    """A condition of ``rows`` values on ``bars`` bars; of stacked lines all values of the first, then of the next."""

    rows: int
    bars: int
    compute: Callable[[], NDArray[np.uint64]]

    @cached_property
    def words(self) -> NDArray[np.uint64]:
        """(values, words) uint64: bit by bit whether it holds on each bar, computed when first asked for."""
        return self.compute()

    def array(self) -> Array:
        return np.unpackbits(self.words.view(np.uint8), axis=1, count=self.bars, bitorder="little").view(np.bool_)


def packed(held: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """``held`` (..., bars) as words of 64 bits, those after the last bar zero."""
    count = held.shape[-1]
    words = np.zeros((*held.shape[:-1], (count + 63) // 64), dtype=np.uint64)
    bits = np.packbits(held, axis=-1, bitorder="little")
    words.view(np.uint8)[..., : bits.shape[-1]] = bits
    return words


def compared(one: Any, other: Any, operation: int) -> Words | None:
    """Where ``one`` stands to ``other`` as ``operation`` says; None where not exactly one of them is a line."""
    if _is_line(other) and isinstance(one, Column | Scaled):
        one, other = -other, -one  # which is exact, and so is the sum of what has changed its sign
    if isinstance(other, Column):
        other = Scaled(other, np.ones(1))
    if not isinstance(other, Scaled) or not _is_line(one):
        return None
    base = np.zeros(1) if other.base is None else other.base
    parts = [part.rows if isinstance(part, Stack) else np.atleast_2d(part) for part in (one, base, other.unit)]
    count, bars = (max(part.shape[side] for part in parts) for side in (0, 1))
    lines = np.empty((count, 3, -(-bars // 64) * 64))
    lines[..., bars:] = np.nan
    for place, part in enumerate(parts):
        lines[:, place, :bars] = part
    values, compare = other.column.values[:, 0], other.column.compare

    def compute() -> NDArray[np.uint64]:
        words = np.empty((count, len(values), lines.shape[-1] // 64), dtype=np.uint64)
        for three, found in zip(lines, words, strict=True):
            compare(three, values, operation, found)
        return words.reshape(-1, words.shape[-1])

    return Words(count * len(values), bars, compute)


def _is_line(item: Any) -> bool:
    if isinstance(item, Stack):
        return item.rows.dtype == np.float64
    return isinstance(item, np.ndarray) and item.ndim == 1 and item.dtype == np.float64


def _is_value(item: Any) -> bool:
    return isinstance(item, Column | float | int)


def _column(ufunc: np.ufunc, given: tuple[Any, ...]) -> Any:
    """Of values alone: a column again, where they are numbers."""
    found = ufunc(*(item.values if isinstance(item, Column) else item for item in given))
    compare = next(item.compare for item in given if isinstance(item, Column))
    return Column(found, compare) if isinstance(found, np.ndarray) and found.dtype == np.float64 else found


def _product(one: Any, other: Any) -> Scaled | None:
    if isinstance(other, Column):
        one, other = other, one
    return Scaled(one, other) if isinstance(one, Column) and _is_line(other) else None


def _sum(one: Any, other: Any) -> Scaled | None:
    if isinstance(other, Many):
        one, other = other, one
    if isinstance(one, Column):
        one = Scaled(one, np.ones(1))
    if not isinstance(one, Scaled) or one.base is not None or not _is_line(other):
        return None
    return Scaled(one.column, one.unit, other)


def _difference(one: Any, other: Any) -> Scaled | None:
    return _sum(one, -other) if _is_line(one) or _is_line(other) else None


def _negative(one: Any) -> Any:
    if not isinstance(one, Scaled):
        return None
    return Scaled(-one.column, one.unit, None if one.base is None else -one.base)


def _both(combine: np.ufunc) -> Callable[[Any, Any], Words | None]:
    def follow(one: Any, other: Any) -> Words | None:
        if not isinstance(one, Words):
            one, other = other, one
        if not isinstance(one, Words):
            return None
        if isinstance(other, Words):
            if one.rows != other.rows:
                return None
            return Words(one.rows, one.bars, lambda: combine(one.words, other.words))
        is_condition = isinstance(other, np.ndarray) and other.dtype == np.bool_ and other.shape == (one.bars,)
        return Words(one.rows, one.bars, lambda: combine(one.words, packed(other))) if is_condition else None

    return follow


_FOLLOWED: dict[Any, Callable[..., Any]] = {
    np.multiply: _product,
    np.add: _sum,
    np.subtract: _difference,
    np.negative: _negative,
    np.greater: lambda one, other: compared(one, other, GREATER),
    np.less: lambda one, other: compared(other, one, GREATER),
    np.greater_equal: lambda one, other: compared(one, other, AT_LEAST),
    np.less_equal: lambda one, other: compared(other, one, AT_LEAST),
    np.bitwise_and: _both(np.bitwise_and),
    np.bitwise_or: _both(np.bitwise_or),
    np.logical_and: _both(np.bitwise_and),
    np.logical_or: _both(np.bitwise_or),
}
