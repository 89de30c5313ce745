"""Every kernel, on every device and in each precision that it has, against TA-Lib or float64 window by window."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, get_args

import numpy as np
import pytest
import talib
from numpy.typing import NDArray

from engine import devices
from engine.features.kernels import Kernels, kernels_for
from engine.features.kernels.bounds import BOUNDS, Precision, unit_roundoff
from engine.features.kernels.series import UNITS, compute

Floats = NDArray[np.float64]
BARS = 70
WINDOWS = (1, 2, 5, 24, 100)
"""The last is longer than any series. There are too few of them for the loops that take all at once: see ``DENSE``."""
DENSE = tuple(range(2, 12))


def _walk(seed: int, bars: int = BARS) -> Floats:
    """Three series of prices."""
    return 100 * np.exp(np.cumsum(0.01 * np.random.default_rng(seed).standard_normal((3, bars)), axis=1))


def _with_gaps() -> Floats:
    x = _walk(3)
    x[0, [20, 21, 50]], x[1, :9], x[2, 69] = np.nan, np.nan, np.nan
    x[1, 40] = np.inf
    return x


SERIES: Mapping[str, Floats] = {
    "walk": _walk(1),
    "gaps": _with_gaps(),
    "nothing known": np.full((1, 8), np.nan),
    "constant": np.full((2, BARS), 0.1),
    "equal values": np.round(_walk(4)),
    "one bar": _walk(5, 1),
    "huge": 1e8 + np.random.default_rng(6).standard_normal((2, BARS)),
    "tiny": 1e-9 * _walk(7),
    "a spike": np.where(np.arange(BARS) == 30, 1e4, _walk(8)),
}


@pytest.fixture(params=devices.expected())
def kernels(request: pytest.FixtureRequest) -> Kernels:
    return kernels_for(devices.get(request.param))


def _precisions(kernels: Kernels) -> list[Precision]:
    return [precision for precision in get_args(Precision) if precision == "float32" or kernels.device.float64]


def _each(x: Floats, window: int, figure: Callable[[Floats], float], y: Floats | None = None) -> Floats:
    """``figure`` of each window without a gap, less its first value where ``figure`` does not mind."""
    found = np.full(x.shape, np.nan)
    for row, bar in np.ndindex(x.shape):
        part = slice(bar - window + 1, bar + 1)
        values = x[row, part] if y is None else np.stack([x[row, part], y[row, part]])
        if bar >= window - 1 and np.isfinite(values).all():
            found[row, bar] = figure(values)
    return found


def _rank(part: Floats) -> float:
    if len(part) < 2:
        return np.nan
    return float(((part[:-1] < part[-1]).sum() + 0.5 * (part[:-1] == part[-1]).sum()) / (len(part) - 1))


def _std(part: Floats) -> float:
    return float(np.std(part - part[0], ddof=1)) if len(part) > 1 else np.nan


def _line(what: str, pair: Floats) -> float:
    """Of y on x, from deviations from the means; in long double, for prices near 1e8."""
    x, y = (part - part[0] for part in pair.astype(np.longdouble))
    x, y = x - x.mean(), y - y.mean()
    xx, xy, yy = (x * x).sum(), (x * y).sum(), (y * y).sum()
    if xx == 0 or (yy == 0 and what in ("correlation", "r_squared")):
        return np.nan
    figures = {"slope": xy / xx, "residual": y[-1] - xy / xx * x[-1]}
    if what in figures:
        return float(figures[what])
    correlation = xy / np.sqrt(xx * yy)
    return float(correlation if what == "correlation" else correlation**2)


def _exponential(x: Floats, window: int) -> Floats:
    found = np.full(x.shape, np.nan)
    for row in range(len(x)):
        run: list[float] = []
        mean = np.nan
        for bar, value in enumerate(x[row]):
            run = [*run, value] if np.isfinite(value) else []
            if len(run) == window:
                mean = float(np.mean(run))
            elif len(run) > window:
                mean += 2 / (window + 1) * (value - mean)
            found[row, bar] = mean if len(run) >= window else np.nan
    return found


ONE: Mapping[str, Callable[[Floats], float]] = {
    "rolling_sum": np.sum,
    "rolling_mean": lambda part: float(part[0] + np.mean(part - part[0])),
    "rolling_std": _std,
    "rolling_min": np.min,
    "rolling_max": np.max,
    "rolling_rank": _rank,
    "rolling_quantile": lambda part: float(np.quantile(part, 0.3)),
}
PAIRS = {
    "rolling_correlation": "correlation",
    "regression_slope": "slope",
    "regression_residual": "residual",
    "regression_r_squared": "r_squared",
}
CUMULATIVE: Mapping[str, np.ufunc] = {
    "cumulative_sum": np.add,
    "cumulative_product": np.multiply,
    "cumulative_min": np.minimum,
    "cumulative_max": np.maximum,
}


def _other(x: Floats) -> Floats:
    """A second series for figures of two, of the same size, with a gap of its own."""
    y = 0.4 * x + 0.6 * x[:, ::-1]
    if x.shape[1] > 15:
        y[0, 15] = np.nan
    return y


def _scale(name: str, x: Floats, window: int, expected: Floats) -> Floats:
    """What the bound of kernel ``name`` is relative to."""
    size = np.abs(x)
    if name in ("rolling_sum", "rolling_mean"):
        return _each(size, window, ONE[name])
    if name == "rolling_std":
        return expected
    if name == "regression_slope":
        with np.errstate(divide="ignore", invalid="ignore"):
            return _each(_other(x), window, _std) / _each(x, window, _std)
    if name == "regression_residual":
        return _each(_other(x), window, _std)
    if BOUNDS[name].of == "one":
        return np.ones(x.shape)
    return np.full(x.shape, np.max(size, initial=0.0, where=np.isfinite(size)))


def _rounding(name: str, precision: Precision, x: Floats) -> Floats:
    """What rounding the input alone may do, to values in its unit: it is less its first value when it is rounded."""
    if UNITS[name] not in ("level", "deviation"):
        return np.zeros((len(x), 1))
    known = np.isfinite(x)
    first = np.take_along_axis(x, np.argmax(known, axis=1)[:, None], axis=1)
    apart = np.max(np.abs(x - first), axis=1, initial=0.0, where=known, keepdims=True)
    return np.asarray(2 * unit_roundoff(precision) * apart)


def _agree(name: str, precision: Precision, found: Floats, expected: Floats, scale: Floats, x: Floats) -> None:
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    allowed = BOUNDS[name].at(precision) * scale + _rounding(name, precision, x)
    allowed += 1e-15 * np.abs(expected)  # the reference is rounded too
    known = np.isfinite(expected)
    worst = np.max((np.abs(found - expected) / np.maximum(allowed, 5e-324))[known], initial=0.0)
    assert worst <= 1, f"{name} in {precision}: {worst:.3g} times the bound"


@pytest.mark.parametrize("name", ONE)
@pytest.mark.parametrize("kind", SERIES)
def test_of_one_series(kernels: Kernels, kind: str, name: str) -> None:
    x, share = SERIES[kind], (0.3,) if name == "rolling_quantile" else ()
    for precision in _precisions(kernels):
        for windows in (WINDOWS, DENSE) if name in ("rolling_mean", "rolling_std", "rolling_max") else (WINDOWS,):
            found = compute(kernels, name, (x,), windows, precision, *share)
            for place, window in enumerate(windows):
                expected = _each(x, window, ONE[name])
                _agree(name, precision, found[:, place], expected, _scale(name, x, window, expected), x)


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("kind", SERIES)
def test_of_two_series(kernels: Kernels, kind: str, name: str) -> None:
    x, windows = SERIES[kind], (3, 24, 100)
    y = _other(x)
    for precision in _precisions(kernels):
        found = compute(kernels, name, (x, y), windows, precision)
        for place, window in enumerate(windows):
            expected = _each(x, window, lambda pair: _line(PAIRS[name], pair), y)
            _agree(name, precision, found[:, place], expected, _scale(name, x, window, expected), x)


@pytest.mark.parametrize("kind", SERIES)
def test_exponential_means(kernels: Kernels, kind: str) -> None:
    x = SERIES[kind]
    for precision in _precisions(kernels):
        found = compute(kernels, "exponential_mean", (x,), WINDOWS, precision)
        for place, window in enumerate(WINDOWS):
            expected = _exponential(x, window)
            scale = _scale("exponential_mean", x, 1, expected)
            _agree("exponential_mean", precision, found[:, place], expected, scale, x)


@pytest.mark.parametrize("kind", SERIES)
def test_lags(kernels: Kernels, kind: str) -> None:
    x = np.where(np.isfinite(SERIES[kind]), SERIES[kind], np.nan)
    for precision in _precisions(kernels):
        found = compute(kernels, "lag", (x,), (0, 3, 100), precision)
        for place, bars in enumerate((0, 3, 100)):
            expected = np.full(x.shape, np.nan)
            expected[:, bars:] = x[:, : max(x.shape[1] - bars, 0)]
            _agree("lag", precision, found[:, place], expected, _scale("lag", x, 1, expected), x)


@pytest.mark.parametrize("name", CUMULATIVE)
@pytest.mark.parametrize("kind", SERIES)
def test_cumulative(kernels: Kernels, kind: str, name: str) -> None:
    x = SERIES[kind]
    if name == "cumulative_product" and np.isfinite(x).any():
        x = x / np.median(x[np.isfinite(x)])  # growth factors: a product of prices is beyond float32 soon
    expected = np.full(x.shape, np.nan)
    for row in range(len(x)):
        edges = [-1, *np.flatnonzero(~np.isfinite(x[row])), x.shape[1]]
        for start, stop in pairwise(edges):
            expected[row, start + 1 : stop] = CUMULATIVE[name].accumulate(x[row, start + 1 : stop])
    for precision in _precisions(kernels):
        found = compute(kernels, name, (x,), (), precision)
        scale = np.abs(expected) if name in ("cumulative_sum", "cumulative_product") else _scale(name, x, 1, expected)
        _agree(name, precision, found, expected, scale, x)


def test_ta_lib_gives_the_same(kernels: Kernels) -> None:
    x = _walk(9, 300)
    y, time = _walk(10, 300), np.broadcast_to(np.arange(300.0), x.shape)
    calls: Mapping[str, tuple[tuple[Floats, ...], Callable[[int], Floats], float]] = {
        "rolling_mean": ((x,), lambda row: talib.SMA(x[row], 20), 1.0),
        "rolling_std": ((x,), lambda row: talib.STDDEV(x[row], 20), np.sqrt(19 / 20)),
        "rolling_max": ((x,), lambda row: talib.MAX(x[row], 20), 1.0),
        "exponential_mean": ((x,), lambda row: talib.EMA(x[row], 20), 1.0),
        "regression_slope": ((time, x), lambda row: talib.LINEARREG_SLOPE(x[row], 20), 1.0),
        "rolling_correlation": ((x, y), lambda row: talib.CORREL(x[row], y[row], 20), 1.0),
    }
    for name, (series, reference, factor) in calls.items():
        for precision in _precisions(kernels):
            found = compute(kernels, name, series, (20,), precision)[:, 0] * factor
            expected = np.stack([reference(row) for row in range(len(x))])
            tolerance = max(BOUNDS[name].at(precision), 1e-8)
            np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


def test_every_kernel_is_bounded_and_tested() -> None:
    kernels: set[str] = {name for name in vars(Kernels) if name.startswith(("rolling_", "regression_", "cumulative_"))}
    assert kernels | {"lag", "exponential_mean"} == BOUNDS.keys() == UNITS.keys()
    assert {*ONE, *PAIRS, *CUMULATIVE, "lag", "exponential_mean"} == BOUNDS.keys()


def test_a_long_history_loses_nothing(kernels: Kernels) -> None:
    """As a cumulative sum in float32 would: 1e-4 of a mean of 20 after 5,000 bars."""
    x = _walk(11, 4_000)[:1]
    found: dict[str, Any] = {
        name: compute(kernels, name, (x,), (20,), "float32")[0, 0] for name in ("rolling_mean", "rolling_std")
    }
    windows = np.lib.stride_tricks.sliding_window_view(x[0], 20)
    assert np.max(np.abs(found["rolling_mean"][19:] / windows.mean(axis=1) - 1)) < 1e-6
    assert np.max(np.abs(found["rolling_std"][19:] / windows.std(axis=1, ddof=1) - 1)) < 1e-5
