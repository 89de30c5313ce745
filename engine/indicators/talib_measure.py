"""The start of a TA-Lib function: how many bars it needs until it no longer matters where its series began.

The library tells the first bar with a value. Of recursive functions those that follow are still wrong, some without a
flag that says so: they are measured, by computing a random walk from several starts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.indicators.reference import talib
from engine.market.bars import Floats

SAME = 1e-4
"""Part of one standard deviation of the output below which two values are the same."""
STARTS, STEP = 24, 37
MARGIN = 1.25
_CHOSEN = {"price": "close", "first": "high", "second": "low"}


@dataclass(frozen=True)
class Call:
    """One function with its parameters, and the columns that it reads, in the order of its arguments.

    ``positions`` says that it answers with indices: they become numbers of bars ago.
    """

    function: str
    inputs: tuple[str, ...]
    parameters: tuple[tuple[str, float], ...]
    positions: bool = False

    @classmethod
    def of(cls, function: str, row: Mapping[str, Any], settings: Mapping[str, Any]) -> Call:
        """The call of ``row`` of the table with the ``settings`` of a form: parameters and columns."""
        inputs = tuple(settings.get(name, _CHOSEN.get(name, name)) for name in row["inputs"])
        parameters = []
        for item in row["parameters"]:
            value = settings.get(item["name"], item["default"])
            parameters.append((item["name"], item["choices"][value] if "choices" in item else value))
        return cls(function, inputs, tuple(parameters), bool(row.get("positions")))

    def lookback(self) -> int:
        """Index of the first value, as the library states it."""
        function = talib().abstract.Function(self.function, **dict(self.parameters))
        return int(function.lookback)

    def outputs(self) -> int:
        """How many series it returns."""
        return len(talib().abstract.Function(self.function).output_names)

    def values(self, columns: Mapping[str, Floats]) -> Floats:
        """float64 (bars, outputs) of columns without gaps; what is infinite is unknown, NaN."""
        lines = self.raw([np.ascontiguousarray(columns[name]) for name in self.inputs])
        return np.column_stack([self._known(line) for line in lines])

    def raw(self, arrays: Sequence[Floats]) -> tuple[NDArray[Any], ...]:
        """The outputs as the library gives them, int32 or float64, of contiguous arrays in the order of ``inputs``."""
        found = self._function(*arrays)
        return found if isinstance(found, tuple) else (found,)

    def _known(self, line: NDArray[Any]) -> Floats:
        values = line.astype(np.float64)
        if line.dtype != np.float64:
            return np.arange(len(line)) - values if self.positions else values
        values[np.isinf(values)] = np.nan
        return values

    @cached_property
    def _function(self) -> Callable[..., Any]:
        """The library's function below its wrapper, which looks for the series of pandas and polars at each call."""
        function = getattr(talib(), self.function)
        return partial(getattr(function, "__wrapped__", function), **dict(self.parameters))


@lru_cache(maxsize=512)
def warm_up(call: Call) -> int | None:
    """Bars at the start after which the outputs of series begun at any of several bars agree; None if they do not
    within ``longest`` bars.
    """
    lookback, length = call.lookback(), longest(call)
    columns = walk(length + STARTS * STEP)
    full = call.values(columns)
    close = SAME * np.nanstd(full[lookback:], axis=0) + 1e-12 * np.nanmax(np.abs(full[lookback:]), axis=0)
    last = lookback - 1
    for start in range(STEP, STARTS * STEP + 1, STEP):
        later = call.values({name: values[start : start + length] for name, values in columns.items()})
        same = np.abs(later - full[start : start + length]) <= close
        same |= np.isnan(later) & np.isnan(full[start : start + length])
        apart = np.flatnonzero(~same[lookback:].all(axis=1))
        if len(apart):
            last = max(last, lookback + int(apart[-1]))
    if last < lookback:
        return lookback
    if last >= length - lookback - 100:
        return None
    fading = last + 1 - lookback
    return lookback + 5 * -int(-MARGIN * fading // 5)


def longest(call: Call) -> int:
    """Bars within which what fades is expected to have faded."""
    return 40 * (call.lookback() + 1) + 400


@lru_cache(maxsize=4)
def walk(length: int) -> Mapping[str, Floats]:
    """A random walk of bars with volume, the same on every machine and with every version of NumPy."""
    raw = np.random.PCG64(20_240_701).random_raw(8 * length).astype(np.float64).reshape(8, length) / 2.0**64
    close = 100 * np.exp(np.cumsum(0.02 * (raw[:4].sum(axis=0) - 2)))
    close *= np.exp(-np.linspace(0, np.log(close[-1] / 100), length))  # back where it began: no trend of long walks
    open = close * np.exp(0.01 * (raw[4] - 0.5))
    high = np.maximum(open, close) * (1 + 0.01 * raw[5])
    low = np.minimum(open, close) * (1 - 0.01 * raw[6])
    columns = {"open": open, "high": high, "low": low, "close": close, "volume": 1e5 + np.floor(9e5 * raw[7])}
    for values in columns.values():
        values.setflags(write=False)
    return columns
