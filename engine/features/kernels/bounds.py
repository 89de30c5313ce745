"""Error bounds of the kernels: how far a value may be from exact arithmetic on the same inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np

Precision = Literal["float32", "float64"]


@dataclass(frozen=True)
class Bound:
    """Largest error in each precision, relative to ``of``, in words, beside what rounding the input to that precision
    does by itself. Measured against float64 on the series of the conformance suite, which holds every device to it.
    """

    float32: float
    float64: float
    of: str

    def at(self, precision: Precision) -> float:
        return self.float32 if precision == "float32" else self.float64


_INPUT, _MAGNITUDE = "the largest magnitude of the input", "the mean magnitude in the window"
BOUNDS: Mapping[str, Bound] = MappingProxyType(
    {
        "rolling_sum": Bound(1e-5, 1e-12, "the sum of the magnitudes in the window"),
        "rolling_mean": Bound(1e-5, 1e-12, _MAGNITUDE),
        "rolling_std": Bound(1e-4, 1e-6, "the deviation itself"),
        "rolling_min": Bound(0.0, 0.0, _INPUT),
        "rolling_max": Bound(0.0, 0.0, _INPUT),
        "rolling_rank": Bound(1e-7, 1e-15, "one"),
        "rolling_quantile": Bound(1e-6, 1e-14, _INPUT),
        "rolling_correlation": Bound(1e-4, 1e-6, "one"),
        "regression_slope": Bound(1e-4, 1e-6, "the deviation of y over that of x"),
        "regression_residual": Bound(1e-4, 1e-6, "the deviation of y"),
        "regression_r_squared": Bound(1e-4, 1e-6, "one"),
        "exponential_mean": Bound(1e-5, 1e-12, "the largest magnitude so far"),
        "lag": Bound(0.0, 0.0, _INPUT),
        "cumulative_sum": Bound(1e-5, 1e-11, "the sum of the magnitudes so far"),
        "cumulative_product": Bound(1e-4, 1e-11, "the product itself"),
        "cumulative_min": Bound(0.0, 0.0, _INPUT),
        "cumulative_max": Bound(0.0, 0.0, _INPUT),
    }
)
"""By the name of the kernel; that of a matrix product depends on its size (``matrix_product_bound``)."""


def unit_roundoff(precision: Precision) -> float:
    """Largest relative error of one rounding: 2^-24 for float32, 2^-53 for float64."""
    return float(np.finfo(precision).eps) / 2


def rolling_mean_bound(window: int, precision: Precision) -> float:
    """Largest error of ``rolling_mean``, relative to the mean of the magnitudes in the window.

    A sum by doubling is floor(log2 w) + 1 additions deep (Higham, Accuracy and Stability of Numerical Algorithms,
    2002, 4.2); rounding the input and dividing add one each, and one is kept for a GPU's division. In float64 a mean
    may be taken value by value: three roundings for each. A float64 reference of the same kind is allowed for.
    """
    depth = int(window).bit_length() + 3 if precision == "float32" else 3 * int(window) + 3
    return depth * (unit_roundoff(precision) + unit_roundoff("float64"))


def matrix_product_bound(inner: int, precision: Precision) -> float:
    """Largest error expected of ``matrix_product``, relative to the largest magnitude in the product.

    It holds for factors of independent entries with zero mean, where roundings add up like a random walk: 4 sqrt(k)
    unit roundoffs (Higham and Mary, A New Approach to Probabilistic Rounding Error Analysis, 2019). Arithmetic of
    less than the stated precision, such as TF32, exceeds it by an order of magnitude.
    """
    return 4 * float(np.sqrt(inner)) * (unit_roundoff(precision) + unit_roundoff("float64"))
