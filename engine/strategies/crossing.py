"""Crossing strategies: long from the bar at which the fast line crosses above the slow one."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from engine.market.bars import Bars, Floats
from engine.strategies import Signals, Strategy

MANTISSA = 2.0**33
"""Lines are compared at a relative precision of 1e-10, as running sums leave rounding errors in equal averages."""


def levels(line: Floats) -> Floats:
    """``line`` rounded to 33 bits of mantissa, so that values equal up to rounding are equal; NaN is kept."""
    mantissa, exponent = np.frexp(line)
    return np.asarray(np.ldexp(np.rint(mantissa * MANTISSA) / MANTISSA, exponent), dtype=np.float64)


def cross(fast: Floats, slow: Floats) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Bars at which ``fast`` crosses above ``slow``, and those at which it crosses below.

    A crossing needs both lines on this bar and on the previous one: a line that is above from the first comparable bar
    on has not crossed. Leaving a tie counts as a crossing, entering one does not.
    """
    upper, lower = levels(fast), levels(slow)
    side = np.where(np.isnan(upper) | np.isnan(lower), np.nan, np.sign(upper - lower))
    before = np.concatenate(([np.nan], side[:-1]))
    return (before <= 0) & (side > 0), (before >= 0) & (side < 0)


class Crossing(Strategy):
    """Contract of a crossing strategy: two lines, each of some fields of the spec.

    ``fast_line`` and ``slow_line`` are float64 as long as the bars, NaN during their warm-up, and depend on the bars
    and on ``fast_fields`` and ``slow_fields`` alone: a sweep computes each line once. ``valid`` is the vectorised
    validation of parameter values (arrays by field name). The lines are compared at a relative precision of 1e-10.
    ``same_lines``: both are the same function, so the slow line is the fast one with the values of the slow fields.
    """

    fast_fields: ClassVar[tuple[str, ...]]
    slow_fields: ClassVar[tuple[str, ...]]
    same_lines: ClassVar[bool] = False

    @abstractmethod
    def fast_line(self, bars: Bars) -> Floats: ...

    @abstractmethod
    def slow_line(self, bars: Bars) -> Floats: ...

    def slow_lines(self, bars: Bars, values: Mapping[str, Sequence[Any]]) -> Floats:
        """``slow_line`` at each of the ``values`` of the fields that the fast line does not read: (values, bars). A
        sweep asks for those of one fast line together; one pass over the bars may be quicker than many.
        """
        names = list(values)
        every = [dict(zip(names, row, strict=True)) for row in zip(*values.values(), strict=True)]
        return np.array([self.model_copy(update=row).slow_line(bars) for row in every])

    @classmethod
    def valid(cls, parameters: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
        return np.ones(len(next(iter(parameters.values()))), dtype=bool)

    def signals(self, bars: Bars, inputs: Mapping[str, Any]) -> Signals:
        up, down = cross(self.fast_line(bars), self.slow_line(bars))
        return Signals(entries=up, exits=down, short_entries=down, short_exits=up)


def is_nested(strategy: Crossing) -> bool:
    """Whether each slow line belongs to one fast line: nearly every combination has a slow line of its own."""
    return set(type(strategy).fast_fields) < set(type(strategy).slow_fields)


class FastAndSlow(Crossing):
    """Base of crossing strategies with a fast and a slow window, which subclasses declare as numbers of bars."""

    fast_fields: ClassVar[tuple[str, ...]] = ("fast",)
    slow_fields: ClassVar[tuple[str, ...]] = ("slow",)
    fast: int
    slow: int

    @model_validator(mode="after")
    def _in_order(self) -> FastAndSlow:
        if self.fast >= self.slow:
            raise ValueError(f"Fast window ({self.fast}) must be shorter than slow window ({self.slow}).")
        return self

    @classmethod
    def valid(cls, parameters: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
        return np.asarray(parameters["fast"] < parameters["slow"])


class AverageCross(FastAndSlow):
    """Contract of a crossing of two moving averages of one kind, ``average(bars, window)``."""

    same_lines: ClassVar[bool] = True

    @abstractmethod
    def average(self, bars: Bars, window: int) -> Floats: ...

    def fast_line(self, bars: Bars) -> Floats:
        return self.average(bars, self.fast)

    def slow_line(self, bars: Bars) -> Floats:
        return self.average(bars, self.slow)
