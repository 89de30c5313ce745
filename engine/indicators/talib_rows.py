"""TA-Lib's functions of series without gaps, written to where they are wanted.

A function takes some thirty microseconds, and as much again is soon spent around it: here what is the same for all
series is looked up once, what several functions of a series need is computed once, and an output is touched no more
often than it must be. The values are those of ``TalibFunction`` on any other way, bit for bit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.indicators.gaps import RELATIVE_TOLERANCE
from engine.indicators.reference import talib
from engine.indicators.talib_measure import Call
from engine.indicators.talib_quotients import QUOTIENTS
from engine.market.bars import Bars, Floats

_PHASE, _SINE = "HT_DCPHASE", "HT_SINE"
_RADIANS = 1.0 / (45.0 / math.atan(1.0))  # of a degree, rounded as the library does
_POWERS = 1000  # exponents of two up to which the power is a float


class Columns:
    """What the functions of one series have in common."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._scaled: dict[tuple[tuple[str, ...], bool], tuple[int, tuple[Floats, ...]] | None] = {}
        self._near_one: dict[tuple[str, int], Floats | None] = {}
        self._roundings: dict[str, Floats] = {}
        self._phases: dict[tuple[str, bool], Floats] = {}

    def scaled(self, names: tuple[str, ...], is_scaled: bool) -> tuple[int, tuple[Floats, ...]] | None:
        """Columns over the power of two that brings the first value of the last of them near one, which is exact, and
        its exponent; as they are and 0 unless ``is_scaled``. None where one has a gap.
        """
        key = names, is_scaled
        if key not in self._scaled:
            exponent = math.frexp(getattr(self._bars, names[-1])[0])[1] if is_scaled else 0
            columns = tuple(found for name in names if (found := self._column(name, exponent)) is not None)
            self._scaled[key] = (exponent, columns) if len(columns) == len(names) else None
        return self._scaled[key]

    def _column(self, name: str, exponent: int) -> Floats | None:
        key = name, exponent
        if key not in self._near_one:
            values = np.ascontiguousarray(getattr(self._bars, name))
            scaled = np.ldexp(values, -exponent) if exponent else values
            self._near_one[key] = scaled if np.isfinite(values).all() else None
        return self._near_one[key]

    def rounding(self, name: str) -> Floats:
        """The rounding of numbers as large as a column (``gaps.without_rounding``)."""
        if name not in self._roundings:
            self._roundings[name] = RELATIVE_TOLERANCE * np.abs(getattr(self._bars, name))
        return self._roundings[name]

    def phase(self, name: str, is_scaled: bool, column: Floats) -> Floats:
        """The phase of the dominant cycle, by far the dearest of all: for itself and for its sine."""
        key = name, is_scaled
        if key not in self._phases:
            self._phases[key] = talib().HT_DCPHASE(column)
        return self._phases[key]


@dataclass(frozen=True)
class RowWriter:
    """One ``call`` of the library with its ``warm_up``.

    ``degree`` is that of its row of the table: the power of the prices that its outputs have, None where prices must
    not be scaled. ``is_difference`` says that they are differences of prices, of which the rounding is left out.
    """

    call: Call
    degree: int | None
    warm_up: int
    is_difference: bool

    def write(self, columns: Columns, rows: Floats) -> bool:
        """Fill ``rows`` (outputs, bars). False, and nothing is filled, for a series with a gap in what the function
        reads, one that is no longer than its warm-up, or one of which a quotient leaves out the start.
        """
        names = self.call.inputs
        found = columns.scaled(names, self.degree is not None) if rows.shape[1] > self.warm_up else None
        quotient = QUOTIENTS.get(self.call.function)
        if found is None or (quotient and quotient.begins(self.call, found[1])):
            return False
        unknown = quotient.unknown(self.call, found[1], self.warm_up) if quotient else None
        exponent = found[0] if self.degree == 1 else 0
        for row, line in zip(rows, self._lines(columns, found[1]), strict=True):
            if line.dtype == np.float64:
                self._settle(row, line, exponent)
            else:
                self._settle_whole(row, line, exponent)
            row[: self.warm_up] = np.nan
            if unknown is not None:
                row[unknown] = np.nan
            if self.is_difference:
                _leave_out_rounding(row, columns.rounding(names[-1]))
        return True

    def _lines(self, columns: Columns, inputs: Sequence[Floats]) -> Sequence[Floats]:
        """The outputs as the library gives them; a shared one must stay as it is."""
        if self.call.function not in (_PHASE, _SINE):
            return self.call.raw(inputs)
        phase = columns.phase(self.call.inputs[0], self.degree is not None, inputs[0])
        if self.call.function == _PHASE:
            return (phase,)
        sine = talib().SIN
        return sine(phase * _RADIANS), sine((phase + 45.0) * _RADIANS)

    def _settle(self, row: Floats, line: Floats, exponent: int) -> None:
        """``line``, of prices near one, into ``row`` in units of the prices; NaN where it is infinite."""
        if not math.isfinite(np.add.reduce(line[self.warm_up :])):  # one pass where nothing is infinite
            line = np.where(np.isinf(line), np.nan, line)
        if not exponent:
            row[:] = line
        elif abs(exponent) > _POWERS:
            np.ldexp(line, exponent, out=row)
        else:
            np.multiply(line, math.ldexp(1.0, exponent), out=row)  # far quicker

    def _settle_whole(self, row: Floats, line: NDArray[np.generic], exponent: int) -> None:
        """The same of whole numbers; indices become numbers of bars ago."""
        row[:] = line
        if self.call.positions:
            np.subtract(np.arange(len(row)), row, out=row)
        if exponent:
            np.ldexp(row, exponent, out=row)


def _leave_out_rounding(row: Floats, rounding: Floats) -> None:
    """``gaps.without_rounding``, in place."""
    is_rounding = np.abs(row) <= rounding
    if is_rounding.any():
        row[is_rounding] = 0.0
