"""Kernels called on prices of any size in the way that loses least: near zero and near one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.features.kernels import Kernels
from engine.features.kernels.bounds import Precision

Floats = NDArray[np.float64]
Unit = Literal["level", "deviation", "ratio", "none", "as it is"]

UNITS: Mapping[str, Unit] = MappingProxyType(
    {
        **dict.fromkeys(("rolling_mean", "rolling_min", "rolling_max", "rolling_quantile"), "level"),
        **dict.fromkeys(("exponential_mean", "lag", "cumulative_min", "cumulative_max"), "level"),
        **dict.fromkeys(("rolling_std", "regression_residual"), "deviation"),
        "regression_slope": "ratio",
        **dict.fromkeys(("rolling_rank", "rolling_correlation", "regression_r_squared"), "none"),
        **dict.fromkeys(("rolling_sum", "cumulative_sum", "cumulative_product"), "as it is"),
    }
)
"""What becomes of a kernel's values when its inputs move and grow: they move and grow with the last input ("level"),
grow alone ("deviation"), grow with the last over the first ("ratio"), or do neither ("none"); or inputs must stay "as
it is".
"""


def compute(
    kernels: Kernels,
    name: str,
    series: Sequence[Floats],
    windows: Sequence[int],
    precision: Precision,
    *constants: float,
) -> Floats:
    """The kernel called ``name`` of one or two ``series`` (symbols, bars): float64 (symbols, windows, bars); the
    cumulative ones, which have no windows, (symbols, bars).

    Each symbol's series is lessened by its first value and divided by the power of two that brings the rest below one,
    which is exact but for the rounding that the device's precision makes anyway; the values are brought back in
    float64. So a price near 1e8 keeps its small changes in float32, and squares of tiny ones do not vanish.
    """
    unit = UNITS[name]
    moved = [_near_one(values) if unit != "as it is" else (values, 0.0, 0) for values in series]
    placed = [kernels.to_device(values, precision) for values, _, _ in moved]
    extra = (windows,) if not name.startswith("cumulative") else ()
    found = kernels.to_numpy(getattr(kernels, name)(*placed, *extra, *constants)).astype(np.float64)
    _, first, exponent = moved[-1]
    if unit == "ratio":
        exponent = exponent - moved[0][2]
    return _back(found, first if unit == "level" else 0.0, 0 if unit in ("none", "as it is") else exponent)


def _near_one(values: Floats) -> tuple[Floats, Floats, NDArray[np.int32]]:
    """``values`` less the first one known of each series, over a power of two; both, a value a series."""
    known = np.isfinite(values)
    place = np.argmax(known, axis=1)[:, None]
    first = np.where(known.any(axis=1, keepdims=True), np.take_along_axis(values, place, axis=1), 0.0)
    moved = np.where(known, values - first, np.nan)
    largest = np.max(np.abs(moved), axis=1, initial=0.0, where=known, keepdims=True)
    exponent = np.frexp(largest)[1]
    return np.ldexp(moved, -exponent), first, exponent


def _back(found: Floats, first: Any, exponent: Any) -> Floats:
    """``found`` (series, ... bars) in the units of the input."""
    shape = (-1, *(1,) * (found.ndim - 1))
    if np.ndim(exponent):
        found = np.ldexp(found, np.reshape(exponent, shape))
    return found + np.reshape(first, shape) if np.ndim(first) else found
