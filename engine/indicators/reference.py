"""TA-Lib, loaded without pandas.

TA-Lib imports pandas where it is installed, only to accept its Series. That costs 60 MB and half a second in a server
that has no other use for it, and while one thread is half-way through that import, Plotly fails in every other: it
looks at whatever ``sys.modules`` has. We pass arrays, so TA-Lib is told that there is no pandas.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import cache
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import numpy as np

from engine.indicators.gaps import apply_to_contiguous_runs
from engine.market.bars import Floats

_OPTIONAL = ("pandas", "polars")
_POWERS = 1000  # exponents of two up to which 2.0**exponent is a float, and its inverse too


@cache
def talib() -> Any:
    """The module ``talib``, its ``abstract`` included; its functions take and return float64 arrays."""
    with nullcontext() if "pandas" in sys.modules else _hidden(_OPTIONAL):
        import talib.abstract

    return talib


def near_one(function: Callable[..., Floats], *, in_price: bool) -> Callable[..., Floats]:
    """``function`` of one or more series of prices, called with prices near one; a result ``in_price`` is scaled back.

    TA-Lib takes a range or variance below 1e-14 for none. The prices are multiplied by a power of two that brings the
    first of the last series near one, which is exact: a coin that costs a millionth of a dollar has an RSI and bands.
    """

    def scaled(*prices: Floats) -> Floats:
        exponent = int(np.frexp(prices[-1][0])[1])
        found = function(*(_scaled(part, -exponent) for part in prices))
        return _scaled(found, exponent) if in_price else np.asarray(found)

    return scaled


def _scaled(values: Floats, exponent: int) -> Floats:
    """``np.ldexp``, which is a tenth as fast as a product with the power of two where there is such a number."""
    power = abs(exponent) < _POWERS
    return np.asarray(values * 2.0**exponent if power else np.ldexp(values, exponent), dtype=np.float64)


def in_price(function: Callable[..., Floats], warm_up: int, *prices: Floats) -> Floats:
    """A line in units of price of each unbroken run of ``prices``, computed with prices near one."""
    return apply_to_contiguous_runs(near_one(function, in_price=True), warm_up, *prices)


def without_unit(function: Callable[..., Floats], warm_up: int, *prices: Floats) -> Floats:
    """A line without unit, likewise."""
    return apply_to_contiguous_runs(near_one(function, in_price=False), warm_up, *prices)


class _Absent(MetaPathFinder):
    """Answers that some packages are not installed, to the thread that made it."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names, self._thread = names, threading.get_ident()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname in self._names and threading.get_ident() == self._thread:
            raise ModuleNotFoundError(f"{fullname} is not wanted here.", name=fullname)
        return None


@contextmanager
def _hidden(names: Sequence[str]) -> Iterator[None]:
    finder = _Absent(names)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
