"""Quotients among TA-Lib's functions, and the bars on which both of their terms are zero.

On such bars the library returns a number of its own, 0, 1 or 50, or the rounding errors of its sums divided by one
another: a halted stock appears oversold to one function and overbought to the next. Here they are unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.indicators.reference import talib
from engine.indicators.talib_measure import Call
from engine.market.bars import Floats

Flags = NDArray[np.bool_]
Parameters = Mapping[str, Any]
Measure = Callable[[Parameters, Sequence[Floats]], Flags]
"""The bars that add nothing to the terms of a quotient, from its parameters and its inputs in the order of the call."""

_EQUAL_RSI = 1e-9  # a smaller change of an index from 0 to 100 is rounding


@dataclass(frozen=True)
class Quotient:
    """One function: unknown where as many bars in a row as its ``window`` are ``idle``, and on the bars after them
    that ``smoothing`` averages with these.

    Of a recursive function the idle bars at the start do not count: it begins with the last of those that are
    ``leading``, as its averages would remember them.
    """

    idle: tuple[Measure, ...] = ()
    window: Callable[[Parameters], int] = lambda given: int(given["timeperiod"])
    smoothing: Callable[[Parameters, int], int] = lambda given, warm_up: 0
    leading: Measure | None = None

    def begins(self, call: Call, inputs: Sequence[Floats]) -> int:
        """Index of the bar with which a recursive function begins; the number of bars where all are idle."""
        if self.leading is None:
            return 0
        given = dict(call.parameters)
        if not self.leading(given, [series[:2] for series in inputs]).all():
            return 0
        active = np.flatnonzero(~self.leading(given, inputs))
        return int(active[0]) - 1 if len(active) else len(inputs[0])

    def unknown(self, call: Call, inputs: Sequence[Floats], warm_up: int) -> Flags | None:
        """The bars on which both terms are zero; None where there are none."""
        given = dict(call.parameters)
        length, found = self.window(given) if self.idle else 0, None
        for measure in self.idle:
            idle = measure(given, inputs)
            if np.count_nonzero(idle) < length:  # as in nearly every series
                continue
            mask = _run_length(idle) >= length
            if mask.any():
                found = mask if found is None else found | mask
        after = self.smoothing(given, warm_up)
        return found if found is None or not after else _extended(found, after)


def _run_length(idle: Flags) -> NDArray[np.int64]:
    """How many idle bars in a row end with each."""
    index = np.arange(len(idle))
    return index - np.maximum.accumulate(np.where(idle, -1, index))


def _extended(mask: Flags, count: int) -> Flags:
    """``mask`` and the ``count`` bars after each of its bars."""
    index = np.arange(len(mask))
    last = np.maximum.accumulate(np.where(mask, index, -count - 1))
    return np.asarray(index - last <= count)


def _unmoved(given: Parameters, inputs: Sequence[Floats]) -> Flags:
    """No series has another value than on the bar before, which the first bar has not either."""
    found = np.ones(len(inputs[0]), dtype=bool)
    for series in inputs:
        found[1:] &= series[1:] == series[:-1]
    return found


def _first_unmoved(given: Parameters, inputs: Sequence[Floats]) -> Flags:
    return _unmoved(given, inputs[:1])


def _second_unmoved(given: Parameters, inputs: Sequence[Floats]) -> Flags:
    return _unmoved(given, inputs[1:2])


def _typical_unmoved(given: Parameters, inputs: Sequence[Floats]) -> Flags:
    high, low, close = inputs[:3]
    return _unmoved(given, [high + low + close])


def _no_money_flow(given: Parameters, inputs: Sequence[Floats]) -> Flags:
    return np.asarray(_typical_unmoved(given, inputs) | (inputs[3] == 0))


def _no_volume(given: Parameters, inputs: Sequence[Floats]) -> Flags:
    return np.asarray(inputs[-1] == 0)


def _no_volume_before(given: Parameters, inputs: Sequence[Floats]) -> Flags:
    found = np.ones(len(inputs[-1]), dtype=bool)
    found[1:] = inputs[-1][:-1] == 0
    return found


def _no_range(given: Parameters, inputs: Sequence[Floats]) -> Flags:
    return np.asarray(inputs[0] == inputs[1])


def _no_range_or_volume(given: Parameters, inputs: Sequence[Floats]) -> Flags:
    return _no_range(given, inputs) | _no_volume(given, inputs)


def _no_bar_range(given: Parameters, inputs: Sequence[Floats]) -> Flags:
    return np.asarray(inputs[1] == inputs[2])


def _no_span(given: Parameters, inputs: Sequence[Floats]) -> Flags:
    """Neither a range nor a move."""
    return _no_range(given, inputs) & _unmoved(given, inputs[:2])


def _no_true_range(given: Parameters, inputs: Sequence[Floats]) -> Flags:
    high, low, close = inputs
    found = high == low
    found[1:] &= high[1:] == close[:-1]
    return np.asarray(found)


def _rsi_unmoved(given: Parameters, inputs: Sequence[Floats]) -> Flags:
    found = np.ones(len(inputs[0]), dtype=bool)
    index = talib().RSI(np.ascontiguousarray(inputs[0]), given["timeperiod"])
    with np.errstate(invalid="ignore"):
        found[1:] = np.abs(np.diff(index)) <= _EQUAL_RSI
    return found


def _moves(given: Parameters) -> int:
    """Moves between the bars of a window."""
    return int(given["timeperiod"]) - 1


def _moves_of_range(given: Parameters) -> int:
    return int(given["fastk_period"]) - 1


def _shortest(given: Parameters) -> int:
    """The shortest of three windows."""
    return min(int(given[f"timeperiod{place}"]) for place in (1, 2, 3))


def _stochastic(measure: Measure, smoothing: Callable[[Parameters, int], int], leading: Measure | None) -> Quotient:
    return Quotient((measure,), _moves_of_range, smoothing, leading)


def _rest_of_warm_up(given: Parameters, warm_up: int) -> int:
    return warm_up - _moves_of_range(given)


def _rest_of_average(given: Parameters, warm_up: int) -> int:
    return int(given["fastd_period"]) - 1


QUOTIENTS: Mapping[str, Quotient] = MappingProxyType(
    {
        "BETA": Quotient((_first_unmoved,)),
        "BOP": Quotient((_no_bar_range,), lambda given: 1),
        "CCI": Quotient((_typical_unmoved,), _moves),
        "CMF": Quotient((_no_range_or_volume,)),
        "CMOU": Quotient((_unmoved,)),
        "CORREL": Quotient((_first_unmoved, _second_unmoved), _moves),
        "ER": Quotient((_unmoved,)),
        "IMI": Quotient((_no_range,)),  # of open and close
        "MARKETFI": Quotient((_no_volume,), lambda given: 1),
        "MFI": Quotient((_no_money_flow,)),
        "RVOL": Quotient((_no_volume_before,)),
        "STOCH": _stochastic(_no_span, _rest_of_warm_up, None),
        "STOCHF": _stochastic(_no_span, _rest_of_warm_up, None),
        "ULTOSC": Quotient((_no_true_range,), _shortest),
        "VHF": Quotient((_unmoved,)),
        "VORTEX": Quotient((_no_true_range,)),
        "VWMA": Quotient((_no_volume,)),
        "WILLR": Quotient((_no_span,), _moves),
        "KDJ": _stochastic(_no_span, _rest_of_warm_up, _no_span),
        "STOCHRSI": _stochastic(_rsi_unmoved, _rest_of_average, _unmoved),
        "ADXR": Quotient(leading=_no_true_range),
        "DX": Quotient(leading=_no_true_range),
        "CMO": Quotient(leading=_unmoved),
        "CVI": Quotient(leading=_no_range),
        "HT_DCPERIOD": Quotient(leading=_unmoved),
        "HT_DCPHASE": Quotient(leading=_unmoved),
        "HT_SINE": Quotient(leading=_unmoved),
        "HT_TRENDMODE": Quotient(leading=_unmoved),
        "MASSI": Quotient(leading=_no_range),
        "PVO": Quotient(leading=_no_volume),
        "RVI": Quotient(leading=_unmoved),
        "SMI": Quotient(leading=_no_span),
        "TSI": Quotient(leading=_unmoved),
    }
)  # fmt: skip
"""The functions with a quotient that can be zero by zero. Sums such as ``AD`` are none: a bar adds nothing to them."""
